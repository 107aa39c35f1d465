-- The protocol itself: frames as trees.

local coldframe = Proto("coldframe", "Coldframe line protocol")

addField(ProtoField.string, "frame.type", "type")
addField(ProtoField.string, "frame.check", "check")
addField(ProtoField.uint32, "frame.mark", "mark of the link", base.HEX)
addField(ProtoField.uint8, "frame.queue", "queue", base.DEC)
addField(ProtoField.bool, "frame.first", "first fragment of a message")
addField(ProtoField.bool, "frame.last", "last fragment of a message")
addField(ProtoField.uint16, "frame.sequence", "sequence, in units of 64 bytes", base.DEC)
addField(ProtoField.uint32, "frame.payloadBytes", "payload, in bytes", base.DEC)
addField(ProtoField.string, "frame.outcome", "what the receiver makes of it")
addField(ProtoField.uint8, "open.version", "version", base.DEC)
addField(ProtoField.bool, "open.ask", "ask: an answer is wanted", 8, nil, 1)
addField(ProtoField.bool, "open.running", "running: the sender has heard its peer", 8, nil, 2)
addField(ProtoField.uint64, "open.own", "link id of the sender", base.HEX)
addField(ProtoField.uint64, "open.peer", "link id of the peer", base.HEX)
addField(ProtoField.uint16, "open.next", "first number not received in order", base.DEC)
addField(ProtoField.uint16, "open.windowUnits", "window, in units", base.DEC)
addField(ProtoField.uint16, "open.payloadUnitsMax", "largest payload, in units", base.DEC)
addField(ProtoField.uint32, "open.messageBytesMax", "longest message, in bytes", base.DEC)
addField(ProtoField.uint8, "acknowledgement.queue", "queue", base.DEC)
addField(ProtoField.uint16, "acknowledgement.next", "first number not received in order", base.DEC)
addField(ProtoField.uint16, "acknowledgement.missing", "missing, in units", base.DEC)
addField(ProtoField.uint16, "acknowledgement.received", "received, in units", base.DEC)
addField(ProtoField.string, "message.kind", "kind")
addField(ProtoField.uint32, "message.bytes", "bytes", base.DEC)
addField(ProtoField.uint16, "message.tag", "tag", base.HEX)
addField(ProtoField.uint32, "message.check", "check", base.HEX)
addField(ProtoField.string, "refusal", "refused")

local everyField = {}
for _, field in pairs(fields) do everyField[#everyField + 1] = field end
coldframe.fields = everyField

local damaged = ProtoExpert.new("coldframe.expert.damaged", "damaged on the line", expert.group.CHECKSUM, expert.severity.ERROR)
local refused = ProtoExpert.new("coldframe.expert.refused", "refused", expert.group.PROTOCOL, expert.severity.WARN)
local unproven = ProtoExpert.new("coldframe.expert.unproven", "no frame before tells whether it is good", expert.group.CHECKSUM,
  expert.severity.NOTE)
coldframe.experts = { damaged, refused, unproven }
local damages = { ["frame-checksum"] = true, ["frame-encoding"] = true, ["frame-length"] = true }

-- Which line a frame is of stands in Wireshark's own tree alone, and not every pass over a capture makes one. A listener
-- with a filter makes Wireshark do so when it opens a file. Where tshark does not, in the first of its two passes, frames
-- are left for the second.
Listener.new("frame", "coldframe")
local frameNumber = Field.new("frame.number")
local interfaceId = Field.new("frame.interface_id")
local interfaceDescription = Field.new("frame.interface_description")

local function addRefusal(tree, range, code, about)
  local item = tree:add(fields["refusal"], range, code):set_generated()
  item:append_text(": " .. (meanings[code] or ""))
  item:add_proto_expert_info(damages[code] and damaged or refused, code .. (about and " in " .. about or ""))
end

local function addOpen(tree, payload)
  tree:add_le(fields["open.version"], payload(0, 1))
  tree:add_le(fields["open.ask"], payload(1, 1))
  tree:add_le(fields["open.running"], payload(1, 1))
  tree:add_le(fields["open.own"], payload(2, 8))
  tree:add_le(fields["open.peer"], payload(10, 8))
  for queue = 0, 2 do tree:add_le(fields["open.next"], payload(18 + 2 * queue, 2)):append_text(" (queue " .. queue .. ")") end
  tree:add_le(fields["open.windowUnits"], payload(24, 2))
  tree:add_le(fields["open.payloadUnitsMax"], payload(26, 2))
  tree:add_le(fields["open.messageBytesMax"], payload(28, 4))
end

local function addAcknowledgement(tree, payload, records)
  for _, record in ipairs(records) do
    local at = record.at - 1
    local item = tree:add(payload(at, record.length), "queue " .. record.queue)
    item:add(fields["acknowledgement.queue"], payload(at, 1), record.queue)
    item:add_le(fields["acknowledgement.next"], payload(at + 1, 2))
    for index, run in ipairs(record.runs) do
      local name = index % 2 == 1 and "acknowledgement.missing" or "acknowledgement.received"
      item:add(fields[name], payload(run.at - 1, run.length), run.value)
    end
  end
end

-- Adds a message; gives what stands for it in the column of the packet list.
local function addMessage(tree, range, bytes)
  local item = tree:add(range, "Message")
  item:add(fields["message.bytes"], range, #bytes):set_generated()
  local kind, why, about = dissectMessage(item, range, bytes)
  if kind then
    item:set_text("Message: " .. kind)
    item:add(fields["message.kind"], range(0, 2), kind):set_generated()
    return kind
  end
  item:set_text("Message: " .. (about or "none"))
  addRefusal(item, range, why, about)
  return "refused " .. why
end

local function addData(tree, payload, found)
  local fragment = found.fragment
  local header = found.header
  tree:add(fields["frame.queue"], header(0, 1), fragment.queue)
  tree:add(fields["frame.first"], header(0, 1), fragment.first)
  tree:add(fields["frame.last"], header(0, 1), fragment.last)
  tree:add_le(fields["frame.sequence"], header(1, 2))
  tree:add(fields["frame.payloadBytes"], payload or header, #fragment.payload):set_generated()
  if found.outcome ~= "taken" then tree:add(fields["frame.outcome"], header, found.outcome):set_generated() end
  local said = {}
  for _, message in ipairs(found.messages) do
    -- A message of one fragment stands in this frame.
    local isHere = fragment.first and fragment.last and message == fragment.payload
    local range = isHere and payload or ByteArray.new(message, true):tvb("Message")()
    said[#said + 1] = addMessage(tree, range, message)
  end
  if #said > 0 then return table.concat(said, ", ") end
  return "fragment of queue " .. fragment.queue .. (found.outcome == "taken" and "" or ", " .. found.outcome)
end

-- Adds what was found to the tree; gives the text for the column of the packet list.
local function addFrame(tree, tvb, found)
  if not found.plain then
    addRefusal(tree, tvb(), found.refusal)
    return "refused " .. found.refusal
  end
  local plain = ByteArray.new(found.plain, true):tvb("Decoded frame")
  local length = plain:len()
  local payload = length > frameBytesMin and plain(3, length - frameBytesMin) or nil
  found.header = plain(0, 3)
  if found.refusal then
    tree:add(fields["frame.check"], plain(length - 4, 4), found.check):set_generated()
    addRefusal(tree, plain(), found.refusal)
    return "refused " .. found.refusal
  end
  tree:add(fields["frame.type"], plain(0, 1), found.type):set_generated()
  local check = tree:add(fields["frame.check"], plain(length - 4, 4), found.check):set_generated()
  if found.check == "unproven" then check:add_proto_expert_info(unproven) end
  tree:add(fields["frame.mark"], plain(length - 4, 4), found.mark):set_generated()
  if found.type == "data" then return addData(tree, payload, found) end
  if found.type == "open" then addOpen(tree, payload)
  else addAcknowledgement(tree, payload, found.records) end
  return found.type
end

function coldframe.dissector(tvb, pinfo, root)
  local isInbound = pinfo.p2p_dir == P2P_DIR_RECV
  local found = heard[pinfo.number]
  if not found and not frameNumber() then return end
  if not found then
    local id, description = interfaceId(), interfaceDescription()
    local from, to = tostring(description or ""):match("^outbound: (%S+) to ([^%s,]+)")
    local line = lineOf(id and id.value or 0, from or "A", to or "B")
    local direction, back = line.out, line.back
    if isInbound then direction, back = back, direction end
    found = listen(direction, back, tvb:raw())
    found.from, found.to = direction.sender, back.sender
    heard[pinfo.number] = found
  end
  pinfo.cols.protocol = "coldframe"
  pinfo.cols.src = found.from
  pinfo.cols.dst = found.to
  local tree = root:add(coldframe, tvb())
  local text = addFrame(tree, tvb, found)
  tree:append_text(": " .. text)
  pinfo.cols.info = text
end

function coldframe.init()
  lines = {}
  heard = {}
end

DissectorTable.get("wtap_encap"):add(wtap.USER0, coldframe)
