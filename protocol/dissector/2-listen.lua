-- Listens to a line as its receivers do: judges frames by the mark of their link, and joins fragments to messages.

-- Tells good frames of one direction from damaged ones. `announced` and `earlier` are sets of marks.
local function newJudge()
  return { current = nil, announced = {}, earlier = {}, before = nil }
end

local function announce(judge, mark)
  if mark ~= judge.current and not judge.earlier[mark] then judge.announced[mark] = true end
end

-- "good", "unproven" (no frame before tells the mark), "stale" (of a link before) or "bad".
local function judgeMark(judge, mark)
  local before = judge.before
  judge.before = nil
  if mark == judge.current then return "good" end
  if judge.earlier[mark] then return "stale" end
  -- Two frames running with one mark are no accident.
  if judge.announced[mark] or mark == before then
    if judge.current then judge.earlier[judge.current] = true end
    judge.announced[mark] = nil
    judge.current = mark
    return "good"
  end
  judge.before = mark
  return (judge.current == nil and next(judge.announced) == nil) and "unproven" or "bad"
end

local function newQueue(start)
  return { start = start, next = 0, held = {}, parts = nil, partBytes = 0 }
end

-- Adds the next fragment in order; gives messages that it completes.
local function join(queue, fragment, messages)
  if fragment.first then
    queue.parts = {}
    queue.partBytes = 0
  end
  if queue.parts then
    queue.parts[#queue.parts + 1] = fragment.payload
    queue.partBytes = queue.partBytes + #fragment.payload
    local fits = queue.partBytes <= linkMessageBytesMax
    if fits and fragment.last then messages[#messages + 1] = table.concat(queue.parts) end
    if fragment.last or not fits then queue.parts = nil end
    if not fits then return false end
  end
  return true
end

local function advance(queue, fragment, finish)
  local messages = {}
  local fits = join(queue, fragment, messages)
  queue.next = finish
  while queue.held[1] and queue.held[1].start == queue.next do
    local held = table.remove(queue.held, 1)
    fits = join(queue, held.fragment, messages) and fits
    queue.next = held.finish
  end
  return fits and "taken" or "link-message-length", messages
end

-- What becomes of a fragment, and the messages that it completes.
local function takeFragment(queue, fragment)
  local length = #fragment.payload
  if not fragment.last and (length == 0 or length % unitBytes ~= 0) then return "frame-length", {} end
  local ahead = (fragment.sequence - queue.start - queue.next) % sequenceModulus
  if ahead >= sequenceModulus / 2 then ahead = ahead - sequenceModulus end
  local start = queue.next + ahead
  local finish = start + math.max(1, math.ceil(length / unitBytes))
  if finish > queue.next + windowUnitsMax then return "frame-window", {} end
  local place = 1
  while queue.held[place] and queue.held[place].start < start do place = place + 1 end
  local behind = place > 1 and queue.held[place - 1].finish or queue.next
  local before = queue.held[place]
  if start < behind or (before and finish > before.start) then return "repeated", {} end
  if start == queue.next then return advance(queue, fragment, finish) end
  local isGap = start > behind and before == nil
  table.insert(queue.held, place, { start = start, finish = finish, fragment = fragment })
  return isGap and "gap" or "taken", {}
end

-- Nobody sends so far past what the receiver has, or repeats so much: frames between were never captured.
local function isPastHole(queue, sequence)
  local ahead = (sequence - queue.start - queue.next) % sequenceModulus
  return ahead > windowUnitsMax and ahead < sequenceModulus - windowUnitsMax
end

-- One direction of a line. `awaited`: by mark, what the receiver said in an open that it waits for.
local function newDirection(sender)
  return { judge = newJudge(), mark = nil, queues = {}, awaited = {}, sender = sender }
end

local function assemble(direction, fragment, mark)
  if direction.mark ~= mark then
    direction.mark = mark
    direction.queues = {}
  end
  local queue = direction.queues[fragment.queue]
  local awaited = direction.awaited[mark]
  if not queue and awaited then queue = newQueue(awaited[fragment.queue]) end
  if not queue or isPastHole(queue, fragment.sequence) then
    if not fragment.first then return "headless", {} end
    queue = newQueue(fragment.sequence)
  end
  direction.queues[fragment.queue] = queue
  return takeFragment(queue, fragment)
end
