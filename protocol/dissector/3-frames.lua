-- What a frame is, found out once for each: in the order of the capture, as what came before decides.

local frameTypes = { [0] = "data", [1] = "acknowledgement", [2] = "open" }
local lines = {}
local heard = {}

local function lineOf(id, from, to)
  lines[id] = lines[id] or { out = newDirection(from), back = newDirection(to) }
  return lines[id]
end

local function refuse(code)
  return { refusal = code }
end

-- The payload of an open: nil and why, or its fields.
local function readOpen(payload)
  if #payload > 0 and payload:byte(1) ~= 1 then return nil, "version-mismatch" end
  if #payload ~= 36 then return nil, "frame-length" end
  local windowUnits, payloadUnitsMax = u16(payload, 25), u16(payload, 27)
  local own, peer = payload:sub(3, 10), payload:sub(11, 18)
  local isPossible = windowUnits >= 1 and windowUnits <= windowUnitsMax and payloadUnitsMax >= 1
    and payloadUnitsMax * unitBytes <= framePayloadBytesMax
  if payload:byte(2) > 3 or own == string.rep("\0", 8) or not isPossible then return nil, "frame-kind" end
  return { own = own, peer = peer, next = { [0] = u16(payload, 19), u16(payload, 21), u16(payload, 23) } }
end

local function takeOpen(direction, back, payload)
  local open, why = readOpen(payload)
  if not open then return refuse(why) end
  if open.peer ~= string.rep("\0", 8) then
    announce(direction.judge, crc32(open.own .. open.peer))
    local mark = crc32(open.peer .. open.own)
    announce(back.judge, mark)
    back.awaited[mark] = open.next
  end
  return { type = "open" }
end

-- A base-128 number, low groups first: the number and where the next begins; nil when it is none.
local function readRun(payload, at, finish)
  local value, scale = 0, 1
  while at <= finish do
    local byte = payload:byte(at)
    value = value + (byte % 128) * scale
    at = at + 1
    if byte < 128 then
      if value == 0 or value > 65535 then return nil end
      return value, at
    end
    scale = scale * 128
    if scale > 128 * 128 then return nil end
  end
  return nil
end

-- Runs of missing and received units in turn, each with its place; nil when they are not well formed.
local function readRuns(payload, at, finish)
  local runs = {}
  while at <= finish do
    local value, after = readRun(payload, at, finish)
    if not value then return nil end
    runs[#runs + 1] = { value = value, at = at, length = after - at }
    at = after
  end
  return #runs % 2 == 0 and runs or nil
end

-- The records of an acknowledgement; nil when they are not well formed.
local function readAcknowledgement(payload)
  local records, at, least = {}, 1, 0
  while at <= #payload do
    local head = payload:byte(at)
    local queue, finish = math.floor(head / 64), at + 2 + head % 64
    if queue < least or queue > 2 or finish > #payload then return nil end
    local runs = readRuns(payload, at + 3, finish)
    if not runs then return nil end
    records[#records + 1] = { queue = queue, at = at, length = finish - at + 1, next = u16(payload, at + 1), runs = runs }
    least = queue + 1
    at = finish + 1
  end
  return #records > 0 and records or nil
end

-- The name of the sender, when it says hello: the choice at its place in the table.
local function learnRole(direction, message)
  if #message == 46 and u16(message, 1) == helloTag then direction.sender = roles[message:byte(5)] or direction.sender end
end

local function takeData(direction, plain, mark, found)
  local kind, payload = plain:byte(1), plain:sub(4, -5)
  local fragment = {
    queue = math.floor(kind / 16),
    first = math.floor(kind / 8) % 2 == 1,
    last = math.floor(kind / 4) % 2 == 1,
    sequence = u16(plain, 2),
    payload = payload,
  }
  local outcome, messages = assemble(direction, fragment, mark)
  if outcome == "frame-length" then return refuse(outcome) end
  for _, message in ipairs(messages) do learnRole(direction, message) end
  found.type, found.fragment, found.outcome, found.messages = "data", fragment, outcome, messages
  return found
end

local function isKnownKind(plain)
  local kind = plain:byte(1)
  if kind >= 64 then return (kind == 64 or kind == 128) and u16(plain, 2) == 0 end
  return kind < 48 and kind % 4 == 0
end

-- Judges a frame and takes it: what it is, or `refusal`.
local function listen(direction, back, encoded)
  if #encoded > encodedBytesMax then return refuse("frame-length") end
  local plain = cobsDecode(encoded)
  if not plain then return refuse("frame-encoding") end
  if #plain < frameBytesMin or #plain > frameBytesMax then return refuse("frame-length") end
  local mark = unsigned(xor(crc32(plain:sub(1, -5)), u32(plain, #plain - 3)))
  local type = frameTypes[math.floor(plain:byte(1) / 64)]
  local found
  if type == "open" then
    if mark ~= 0 then found = refuse("frame-checksum")
    elseif not isKnownKind(plain) then found = refuse("frame-kind")
    else found = takeOpen(direction, back, plain:sub(4, -5)) end
    found.check = mark == 0 and "good" or "bad"
  else
    local verdict = judgeMark(direction.judge, mark)
    if not isKnownKind(plain) then found = refuse(verdict == "good" and "frame-kind" or "frame-checksum")
    elseif verdict == "bad" then found = refuse("frame-checksum")
    elseif verdict == "stale" then found = refuse("frame-session")
    elseif type == "acknowledgement" then
      local records = readAcknowledgement(plain:sub(4, -5))
      found = records and { type = type, records = records } or refuse("frame-kind")
    else
      found = takeData(direction, plain, mark, {})
    end
    found.check = verdict
  end
  found.plain, found.mark = plain, mark
  return found
end
