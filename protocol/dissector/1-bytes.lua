-- Numbers and bytes. Strings of bytes are Lua strings; all numbers on a line are little-endian.

-- Wireshark comes with Lua 5.1 and 5.2 (and a library for bits) or with 5.4 (and operators, which the others cannot read).
local bits = bit or bit32
local function operator(sign)
  return load("return function(a, b) return (a " .. sign .. " b) & 0xffffffff end")()
end
local xor = bits and bits.bxor or operator("~")
local band = bits and bits.band or operator("&")
local rshift = bits and bits.rshift or operator(">>")

local unitBytes = 64
local windowUnitsMax = 16384
local sequenceModulus = 65536
local framePayloadBytesMax = 65536
local frameBytesMin = 7
local frameBytesMax = frameBytesMin + framePayloadBytesMax
local encodedBytesMax = frameBytesMax + math.floor(frameBytesMax / 254) + 1

-- Libraries for bits give signed numbers.
local function unsigned(number)
  return number % 4294967296
end

local function u16(bytes, at)
  local low, high = bytes:byte(at, at + 1)
  return low + 256 * high
end

local function u32(bytes, at)
  local a, b, c, d = bytes:byte(at, at + 3)
  return a + 256 * b + 65536 * c + 16777216 * d
end

-- The CRC-32 of IEEE 802.3, reflected, one byte at a time.
local crcTable = {}
for index = 0, 255 do
  local crc = index
  for _ = 1, 8 do
    local low = crc % 2
    crc = rshift(crc, 1)
    if low == 1 then crc = xor(crc, 0xEDB88320) end
  end
  crcTable[index] = unsigned(crc)
end

-- Goes on from `seed`, the CRC of what stands before.
local function crc32(bytes, seed)
  local crc = xor(seed or 0, 0xFFFFFFFF)
  for from = 1, #bytes, 4096 do
    local part = { bytes:byte(from, math.min(from + 4095, #bytes)) }
    for index = 1, #part do
      crc = xor(crcTable[band(xor(crc, part[index]), 0xFF)], rshift(crc, 8))
    end
  end
  return unsigned(xor(crc, 0xFFFFFFFF))
end

-- Decodes COBS; nil for what is none.
local function cobsDecode(encoded)
  if #encoded == 0 or encoded:find("\0", 1, true) then return nil end
  local parts = {}
  local at = 1
  while at <= #encoded do
    local code = encoded:byte(at)
    if at + code > #encoded + 1 then return nil end
    parts[#parts + 1] = encoded:sub(at + 1, at + code - 1)
    at = at + code
    if code < 255 and at <= #encoded then parts[#parts + 1] = "\0" end
  end
  return table.concat(parts)
end
