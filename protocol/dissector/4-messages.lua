-- Messages as trees: every field of the table by its name. What cannot be read is refused by the name that a decoder gives.

local fields = {}
local function addField(make, abbreviation, ...)
  local field = make("coldframe." .. abbreviation, ...)
  fields[abbreviation] = field
  return field
end

local numbers = { [1] = ProtoField.uint8, [2] = ProtoField.uint16, [4] = ProtoField.uint32, [8] = ProtoField.uint64 }

-- Makes the Wireshark fields of a field of the table, and of what it consists of.
local function declare(path, field)
  local name, doc = path:match("[^.]+$"), field.doc
  if field.kind == "unsigned" then addField(numbers[field.bytes], path, name, base.DEC, nil, nil, doc)
  elseif field.kind == "refusal" then addField(ProtoField.uint16, path, name, base.DEC, refusals, nil, doc)
  elseif field.kind == "choice" then addField(ProtoField.uint8, path, name, base.DEC, field.names, nil, doc)
  elseif field.kind == "flag" then addField(ProtoField.bool, path, name, base.NONE, nil, nil, doc)
  elseif field.kind == "text" then addField(ProtoField.string, path, name, base.UNICODE, doc)
  elseif field.kind == "group" then
    for _, each in ipairs(field.fields) do declare(path .. "." .. each.name, each) end
  elseif field.kind == "list" then declare(path, field.element)
  else addField(ProtoField.bytes, path, name, base.NONE, doc) end
end

for _, message in pairs(messages) do
  for _, field in ipairs(message.fields) do declare(message.kind .. "." .. field.name, field) end
end

-- Where a reader stands: `range` is a Tvb, `at` from 0, `finish` behind the last byte of the fields.
local function need(reader, bytes)
  if bytes > reader.finish - reader.at then error({ refusal = "message-truncated" }) end
  local range = reader.range(reader.at, bytes)
  reader.at = reader.at + bytes
  return range
end

local function refuseValue()
  error({ refusal = "message-value" })
end

-- How long what is counted is, by the number of so many bytes before it.
local function readLength(reader, bytes, max)
  local length = need(reader, bytes):le_uint()
  if length > max then refuseValue() end
  return length
end

-- A field that has no bytes of its own still stands in the tree.
local function addEmpty(tree, field, reader)
  tree:add(field, reader.range(reader.at, 0)):append_text(" (empty)")
end

local read

local function readList(tree, path, field, reader)
  local from = reader.at
  local count = need(reader, 4):le_uint()
  if count > field.max or count > reader.finish - reader.at then refuseValue() end
  local list = tree:add(reader.range(from, 4), path:match("[^.]+$") .. ": " .. count)
  for index = 1, count do
    local place = list
    if field.element.kind == "group" then place = list:add(reader.range(reader.at), tostring(index - 1)) end
    read(place, path, field.element, reader)
  end
  list:set_len(reader.at - from)
end

local readers = {
  unsigned = function(tree, path, field, reader)
    local range = need(reader, field.bytes)
    -- Past 2^53 − 1 nobody may count.
    if field.bytes == 8 and range(4, 4):le_uint() >= 2097152 then refuseValue() end
    tree:add_le(fields[path], range)
  end,
  refusal = function(tree, path, _, reader) tree:add_le(fields[path], need(reader, 2)) end,
  flag = function(tree, path, _, reader)
    local range = need(reader, 1)
    if range:uint() > 1 then refuseValue() end
    tree:add(fields[path], range)
  end,
  choice = function(tree, path, field, reader)
    local range = need(reader, 1)
    if not field.names[range:uint()] then refuseValue() end
    tree:add(fields[path], range)
  end,
  fixedBytes = function(tree, path, field, reader) tree:add(fields[path], need(reader, field.length)) end,
  bytes = function(tree, path, field, reader)
    local length = readLength(reader, 4, field.max)
    if length == 0 then addEmpty(tree, fields[path], reader)
    else tree:add(fields[path], need(reader, length)) end
  end,
  text = function(tree, path, field, reader)
    local length = readLength(reader, 2, field.max)
    if length == 0 then return addEmpty(tree, fields[path], reader) end
    local range = need(reader, length)
    tree:add(fields[path], range, range:string(ENC_UTF_8))
  end,
  group = function(tree, path, field, reader)
    for _, each in ipairs(field.fields) do read(tree, path .. "." .. each.name, each, reader) end
  end,
  list = readList,
}

read = function(tree, path, field, reader)
  readers[field.kind](tree, path, field, reader)
end

-- The kind of a message, or nil and why it has none; adds all that can be read of it to the tree.
local function dissectMessage(tree, range, bytes)
  local finish = #bytes - 4
  if finish < 2 then return nil, "message-truncated" end
  local isGood = crc32(bytes:sub(1, finish), messageSeed) == u32(bytes, finish + 1)
  tree:add_le(fields["message.tag"], range(0, 2))
  tree:add_le(fields["message.check"], range(finish, 4)):append_text(isGood and " (good)" or " (bad)")
  if not isGood then return nil, "message-check" end
  local message = messages[u16(bytes, 1)]
  if not message then return nil, "message-tag" end
  local reader = { range = range, at = 2, finish = finish }
  local ok, why = pcall(function()
    for _, field in ipairs(message.fields) do read(tree, message.kind .. "." .. field.name, field, reader) end
  end)
  if not ok and type(why) == "table" then return nil, why.refusal, message.kind end
  if not ok then error(why, 0) end
  if reader.at ~= finish then return nil, "message-trailing", message.kind end
  return message.kind
end
