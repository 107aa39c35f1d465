-- The dissector of Coldframe's line protocol, version 1, for Wireshark and tshark (docs/captures.md).
-- Generated from message/messages.ts and dissector/*.lua by `npm run documents`; do not edit.

local messageSeed = 1129270340
local linkMessageBytesMax = 1114146
local helloTag = 1
local roles = { [1] = "host", [2] = "main", [3] = "sub", [4] = "disk" }
local refusals = {
  [0] = "none",
  [1] = "frame-encoding",
  [2] = "frame-length",
  [3] = "frame-checksum",
  [4] = "frame-kind",
  [5] = "frame-session",
  [6] = "frame-window",
  [7] = "link-message-length",
  [8] = "acknowledgement-contradicted",
  [16] = "message-truncated",
  [17] = "message-trailing",
  [18] = "message-check",
  [19] = "message-tag",
  [20] = "message-value",
  [21] = "message-unexpected",
  [32] = "version-mismatch",
  [33] = "key-required",
  [34] = "key-unknown",
  [35] = "wrong-key",
  [36] = "wrong-role",
  [37] = "capability-missing",
  [38] = "block-size-mismatch",
  [39] = "volume-mismatch",
  [40] = "line-silent",
  [41] = "line-lost",
  [42] = "peer-restarted",
  [43] = "sealed-replayed",
  [44] = "sealed-invalid",
  [45] = "not-sealed",
  [46] = "sealed-missing",
  [48] = "transfer-in-progress",
  [49] = "pair-suspended",
  [50] = "pair-not-suspended",
  [51] = "pair-healthy",
  [52] = "not-ready",
  [53] = "wrong-generation",
  [54] = "wrong-controller",
  [55] = "taken-over",
  [56] = "not-taken-over",
  [57] = "discard-needed",
  [58] = "failback-in-progress",
  [59] = "sub-unreachable",
  [60] = "wrong-method",
  [61] = "unknown-volume",
  [62] = "range-outside",
  [63] = "generation-unknown",
  [64] = "recovering",
  [65] = "too-many-requests",
  [80] = "shadow-full",
  [81] = "staging-full",
  [82] = "digest-mismatch",
  [83] = "frozen-content-lost",
  [84] = "disk-error",
  [85] = "shadow-corrupt",
  [86] = "staging-corrupt",
  [87] = "image-corrupt",
  [88] = "foreign-pair",
  [89] = "older-main",
  [90] = "older-sub",
  [91] = "suspended",
  [92] = "records-corrupt",
  [93] = "refused-by-sub",
  [94] = "compressed-invalid",
  [95] = "content-differs",
  [96] = "generation-failed",
  [112] = "file-missing",
  [113] = "file-unreadable",
  [114] = "file-in-use",
  [115] = "file-size",
  [116] = "disk-full",
  [117] = "foreign-area",
  [118] = "line-address",
  [119] = "line-unavailable",
  [120] = "configuration-invalid",
  [121] = "argument-invalid",
  [122] = "key-file-invalid",
  [123] = "key-file-exposed",
  [124] = "golden-invalid",
  [125] = "golden-mismatch",
  [126] = "timed-out",
  [127] = "command-failed",
  [128] = "scsi-error",
  [129] = "process-ended",
  [130] = "capture-invalid",
  [131] = "answers-differ",
  [140] = "file-exists",
  [141] = "port-in-use",
  [150] = "golden-size",
}
local meanings = {
  ["frame-encoding"] = "A frame is not valid COBS.",
  ["frame-length"] = "A frame is shorter or longer than any frame may be.",
  ["frame-checksum"] = "A frame fails its CRC-32.",
  ["frame-kind"] = "A frame has a kind that this version does not know.",
  ["frame-session"] = "A frame belongs to another link session.",
  ["frame-window"] = "A frame lies outside the receive window.",
  ["link-message-length"] = "A message is longer than the receiver announced.",
  ["acknowledgement-contradicted"] = "The other side goes on lacking what was acknowledged in its name.",
  ["message-truncated"] = "A message ends in the middle of a field.",
  ["message-trailing"] = "A message has bytes after its last field.",
  ["message-check"] = "A message fails its own check.",
  ["message-tag"] = "A message has a tag that this version does not know.",
  ["message-value"] = "A field of a message has a value that is not allowed.",
  ["message-unexpected"] = "This role does not take this message.",
  ["version-mismatch"] = "The other side speaks another protocol version.",
  ["key-required"] = "This side has a key and the other side has none.",
  ["key-unknown"] = "The other side has a key and this side has none.",
  ["wrong-key"] = "The two sides hold different keys.",
  ["wrong-role"] = "The other side has a role that does not belong on this line.",
  ["capability-missing"] = "The other side lacks a capability that is needed.",
  ["block-size-mismatch"] = "The two controllers use different block sizes.",
  ["volume-mismatch"] = "The two controllers have different volumes.",
  ["line-silent"] = "The other side does not answer.",
  ["line-lost"] = "The line was lost.",
  ["peer-restarted"] = "The other side started anew.",
  ["sealed-replayed"] = "A sealed message came after its turn.",
  ["sealed-invalid"] = "A sealed message fails its authentication.",
  ["not-sealed"] = "A message arrived in clear in a sealed session.",
  ["sealed-missing"] = "A sealed message came before its turn.",
  ["transfer-in-progress"] = "A generation is still being sent.",
  ["pair-suspended"] = "The pair is suspended.",
  ["pair-not-suspended"] = "The pair is not suspended.",
  ["pair-healthy"] = "The main side is alive; takeover would part the pair.",
  ["not-ready"] = "There is no committed image yet.",
  ["wrong-generation"] = "That generation is not the current one.",
  ["wrong-controller"] = "The other controller takes this instruction.",
  ["taken-over"] = "The sub side has taken over.",
  ["not-taken-over"] = "No takeover has happened.",
  ["discard-needed"] = "Main holds writes that were never sent; failback discards them.",
  ["failback-in-progress"] = "A failback is under way.",
  ["sub-unreachable"] = "The line between the controllers is down.",
  ["wrong-method"] = "The controllers are set to different methods.",
  ["unknown-volume"] = "There is no such volume.",
  ["range-outside"] = "The range passes the end of the volume.",
  ["generation-unknown"] = "There never was such a generation.",
  ["recovering"] = "The controller is still reading its records after power on.",
  ["too-many-requests"] = "Too many requests are waiting.",
  ["shadow-full"] = "The shadow area was full and the line too slow or down.",
  ["staging-full"] = "The staging area is full.",
  ["digest-mismatch"] = "What arrived is not what was sent.",
  ["frozen-content-lost"] = "A block was lost whose frozen content is overwritten.",
  ["disk-error"] = "A disk reported an error that retries did not mend.",
  ["shadow-corrupt"] = "The shadow area returned other data than was written.",
  ["staging-corrupt"] = "The staging area returned other data than was written.",
  ["image-corrupt"] = "The secondary area returned other data than was written.",
  ["foreign-pair"] = "The two controllers belong to different pairs.",
  ["older-main"] = "The sub is ahead of main: main runs on old records.",
  ["older-sub"] = "The sub holds an older image than main knows of.",
  ["suspended"] = "The pair was suspended by an instruction.",
  ["records-corrupt"] = "The durable records cannot be read.",
  ["refused-by-sub"] = "The sub refused the generation.",
  ["compressed-invalid"] = "The data of a compressed run is no zlib stream of just its blocks, in a window that was announced.",
  ["content-differs"] = "The receiver’s image does not hold the content that a run was named by.",
  ["generation-failed"] = "The generation never became an image here.",
  ["file-missing"] = "A file does not exist.",
  ["file-unreadable"] = "A file cannot be opened.",
  ["file-in-use"] = "Another process uses this file.",
  ["file-size"] = "A file has a size that does not fit.",
  ["disk-full"] = "The file system is full.",
  ["foreign-area"] = "This area belongs to another pair or another place in it.",
  ["line-address"] = "An address of a line cannot be understood.",
  ["line-unavailable"] = "A line cannot be opened.",
  ["configuration-invalid"] = "A configuration file is wrong.",
  ["argument-invalid"] = "An argument is wrong.",
  ["key-file-invalid"] = "A key file has not 64 hexadecimal digits.",
  ["key-file-exposed"] = "Others can read or change the key file.",
  ["golden-invalid"] = "A golden file cannot be understood.",
  ["golden-mismatch"] = "The volume is not the golden image.",
  ["timed-out"] = "It did not happen in the time allowed.",
  ["command-failed"] = "A hook command failed.",
  ["scsi-error"] = "The device reported an error.",
  ["process-ended"] = "A process of the bench has ended.",
  ["capture-invalid"] = "A file is no capture of lines.",
  ["answers-differ"] = "The model answers otherwise than the capture.",
  ["file-exists"] = "A file is there already.",
  ["port-in-use"] = "Another process uses this port.",
  ["golden-size"] = "The golden image is one of other volumes or blocks.",
}
local messages = {
  [1] = { kind = "hello", fields = {
    { name = "version", kind = "unsigned", bytes = 2, doc = "protocol version" },
    { name = "role", kind = "choice", names = { [1] = "host", [2] = "main", [3] = "sub", [4] = "disk" }, doc = "role of the sender (1 host, 2 main, 3 sub, 4 disk)" },
    { name = "capabilities", kind = "unsigned", bytes = 4, doc = "ciphers that this side takes: bit 0 AES-256-GCM, bit 1 ChaCha20-Poly1305; bits 8 … 11: the largest window of compressed runs that it takes, as a logarithm, 9 … 15, or 0; bit 12: it takes held runs; others 0" },
    { name = "keyed", kind = "flag", doc = "this side has a key and demands a sealed session" },
    { name = "salt", kind = "fixedBytes", length = 32, doc = "fresh at each session, from boot entropy and a counter" },
  } },
  [2] = { kind = "proof", fields = {
    { name = "peerSalt", kind = "fixedBytes", length = 32, doc = "the salt of the other side’s hello" },
  } },
  [3] = { kind = "refused", fields = {
    { name = "request", kind = "unsigned", bytes = 4, doc = "the request that is refused, 0 when it had no number" },
    { name = "code", kind = "refusal", doc = "a number of the refusal table" },
    { name = "detail", kind = "text", max = 500, doc = "what exactly" },
  } },
  [4] = { kind = "sealed", fields = {
    { name = "counter", kind = "unsigned", bytes = 8, doc = "one more with each sealed message of this session, direction and queue, from 0" },
    { name = "ciphertext", kind = "bytes", max = 1114112, doc = "the message, encrypted, then the 16 bytes of the authentication tag" },
  } },
  [16] = { kind = "command", fields = {
    { name = "tag", kind = "unsigned", bytes = 4, doc = "initiator’s tag of this command, unique among its outstanding ones" },
    { name = "lun", kind = "unsigned", bytes = 2, doc = "logical unit" },
    { name = "attribute", kind = "choice", names = { [0] = "simple", [1] = "headOfQueue", [2] = "ordered" }, doc = "task attribute (0 simple, 1 headOfQueue, 2 ordered)" },
    { name = "cdb", kind = "bytes", max = 32, doc = "command descriptor block" },
    { name = "dataOutBytes", kind = "unsigned", bytes = 4, doc = "how many bytes of data follow on request" },
    { name = "dataInBytesMax", kind = "unsigned", bytes = 4, doc = "how many bytes of data the initiator can take" },
    { name = "dataCheck", kind = "unsigned", bytes = 4, doc = "CRC-32 of all data out, 0 without data" },
  } },
  [17] = { kind = "transferReady", fields = {
    { name = "tag", kind = "unsigned", bytes = 4, doc = "command" },
    { name = "offset", kind = "unsigned", bytes = 4, doc = "first byte asked for" },
    { name = "length", kind = "unsigned", bytes = 4, doc = "how many" },
  } },
  [18] = { kind = "dataOut", fields = {
    { name = "tag", kind = "unsigned", bytes = 4, doc = "command" },
    { name = "offset", kind = "unsigned", bytes = 4, doc = "of the first byte" },
    { name = "data", kind = "bytes", max = 1048576, doc = "data" },
  } },
  [19] = { kind = "dataIn", fields = {
    { name = "tag", kind = "unsigned", bytes = 4, doc = "command" },
    { name = "offset", kind = "unsigned", bytes = 4, doc = "of the first byte" },
    { name = "data", kind = "bytes", max = 1048576, doc = "data" },
  } },
  [20] = { kind = "response", fields = {
    { name = "tag", kind = "unsigned", bytes = 4, doc = "command" },
    { name = "status", kind = "unsigned", bytes = 1, doc = "SAM status: 00h GOOD, 02h CHECK CONDITION, 08h BUSY, 18h RESERVATION CONFLICT, 28h TASK SET FULL, 40h TASK ABORTED" },
    { name = "sense", kind = "bytes", max = 252, doc = "fixed format sense data with CHECK CONDITION, else empty" },
    { name = "dataInBytes", kind = "unsigned", bytes = 4, doc = "how many bytes of data were sent" },
    { name = "dataCheck", kind = "unsigned", bytes = 4, doc = "CRC-32 of all data in, 0 without data" },
  } },
  [21] = { kind = "taskManagement", fields = {
    { name = "request", kind = "unsigned", bytes = 4, doc = "the number that the asker gave this request; its answer carries it again" },
    { name = "function", kind = "choice", names = { [1] = "abortTask", [2] = "abortTaskSet", [4] = "clearTaskSet", [8] = "logicalUnitReset", [128] = "queryTask" }, doc = "function (1 abortTask, 2 abortTaskSet, 4 clearTaskSet, 8 logicalUnitReset, 128 queryTask)" },
    { name = "lun", kind = "unsigned", bytes = 2, doc = "logical unit" },
    { name = "managedTag", kind = "unsigned", bytes = 4, doc = "the command it is about, for abortTask and queryTask" },
  } },
  [22] = { kind = "taskResponse", fields = {
    { name = "request", kind = "unsigned", bytes = 4, doc = "the number that the asker gave this request; its answer carries it again" },
    { name = "response", kind = "choice", names = { [0] = "complete", [5] = "failed", [4] = "notSupported", [8] = "succeeded", [9] = "incorrectLun" }, doc = "response code (0 complete, 5 failed, 4 notSupported, 8 succeeded, 9 incorrectLun)" },
  } },
  [32] = { kind = "freeze", fields = {
    { name = "request", kind = "unsigned", bytes = 4, doc = "the number that the asker gave this request; its answer carries it again" },
    { name = "token", kind = "fixedBytes", length = 16, doc = "the host’s token, fresh for each generation wanted" },
  } },
  [33] = { kind = "frozen", fields = {
    { name = "request", kind = "unsigned", bytes = 4, doc = "the number that the asker gave this request; its answer carries it again" },
    { name = "epoch", kind = "unsigned", bytes = 4, doc = "epoch of the pair" },
    { name = "generation", kind = "unsigned", bytes = 4, doc = "the new generation" },
    { name = "included", kind = "list", max = 4096, element = { kind = "unsigned", bytes = 4 }, doc = "tags of the writes in the image of whose end the host may not have heard (PROTOCOL.md, freeze)" },
  } },
  [34] = { kind = "getStatus", fields = {
    { name = "request", kind = "unsigned", bytes = 4, doc = "the number that the asker gave this request; its answer carries it again" },
  } },
  [35] = { kind = "status", fields = {
    { name = "request", kind = "unsigned", bytes = 4, doc = "the number that the asker gave this request; its answer carries it again" },
    { name = "role", kind = "choice", names = { [1] = "host", [2] = "main", [3] = "sub", [4] = "disk" }, doc = "role of the sender (1 host, 2 main, 3 sub, 4 disk)" },
    { name = "pairState", kind = "choice", names = { [0] = "SMPL", [1] = "COPY", [2] = "PAIR", [3] = "PSUS", [4] = "SSUS", [5] = "PSUE", [6] = "SSWS" }, doc = "pair state (0 SMPL, 1 COPY, 2 PAIR, 3 PSUS, 4 SSUS, 5 PSUE, 6 SSWS)" },
    { name = "reason", kind = "refusal", doc = "why the pair is suspended: a number of the refusal table, 0 for none" },
    { name = "pair", kind = "fixedBytes", length = 16, doc = "pair id, zeros before pairing" },
    { name = "epoch", kind = "unsigned", bytes = 4, doc = "epoch of the pair" },
    { name = "method", kind = "choice", names = { [1] = "copy", [2] = "differential", [3] = "streaming" }, doc = "method (1 copy, 2 differential, 3 streaming)" },
    { name = "blockBytes", kind = "unsigned", bytes = 4, doc = "unit of copying" },
    { name = "volumes", kind = "list", max = 8, element = { kind = "unsigned", bytes = 8 }, doc = "sizes" },
    { name = "frozen", kind = "unsigned", bytes = 4, doc = "newest generation frozen" },
    { name = "committed", kind = "unsigned", bytes = 4, doc = "newest generation that the sub committed" },
    { name = "structured", kind = "unsigned", bytes = 4, doc = "newest generation whose secondary area is structured" },
    { name = "failed", kind = "unsigned", bytes = 4, doc = "newest generation that failed, 0 for none" },
    { name = "failedReason", kind = "refusal", doc = "why it failed: a number of the refusal table, 0 for none" },
    { name = "commitDigest", kind = "fixedBytes", length = 16, doc = "digest of the committed generation" },
    { name = "blocksTotal", kind = "unsigned", bytes = 8, doc = "blocks of the generation on its way" },
    { name = "blocksSent", kind = "unsigned", bytes = 8, doc = "of these, durably at the sub" },
    { name = "deferredBlocks", kind = "unsigned", bytes = 8, doc = "host writes that wait in the shadow area, in blocks" },
    { name = "changedBlocks", kind = "unsigned", bytes = 8, doc = "blocks changed since the newest freeze" },
    { name = "unstructuredBlocks", kind = "unsigned", bytes = 8, doc = "committed blocks that still wait in staging" },
    { name = "shadowSlots", kind = "unsigned", bytes = 8, doc = "blocks that the shadow (main) or staging (sub) area can take" },
    { name = "shadowSlotsFree", kind = "unsigned", bytes = 8, doc = "of these, free" },
    { name = "hostStallUsMax", kind = "unsigned", bytes = 8, doc = "longest time that a host write waited for a block to be sent, in microseconds" },
    { name = "lines", kind = "list", max = 8, element = { kind = "group", fields = { { name = "name", kind = "text", max = 32, doc = "" }, { name = "up", kind = "flag", doc = "" }, { name = "refused", kind = "refusal", doc = "" } } }, doc = "lines of this controller" },
  } },
  [36] = { kind = "wait", fields = {
    { name = "request", kind = "unsigned", bytes = 4, doc = "the number that the asker gave this request; its answer carries it again" },
    { name = "generation", kind = "unsigned", bytes = 4, doc = "which" },
    { name = "target", kind = "choice", names = { [1] = "committed", [2] = "structured" }, doc = "what to wait for (1 committed, 2 structured)" },
  } },
  [37] = { kind = "waited", fields = {
    { name = "request", kind = "unsigned", bytes = 4, doc = "the number that the asker gave this request; its answer carries it again" },
    { name = "generation", kind = "unsigned", bytes = 4, doc = "which" },
    { name = "reason", kind = "refusal", doc = "why it failed: a number of the refusal table, 0 for none" },
  } },
  [38] = { kind = "getDigests", fields = {
    { name = "request", kind = "unsigned", bytes = 4, doc = "the number that the asker gave this request; its answer carries it again" },
    { name = "generation", kind = "unsigned", bytes = 4, doc = "at the sub the image meant, refused if it is not the current one; 0 at main, or for whichever is current" },
    { name = "volume", kind = "unsigned", bytes = 1, doc = "volume" },
    { name = "first", kind = "unsigned", bytes = 8, doc = "first block" },
    { name = "count", kind = "unsigned", bytes = 8, doc = "blocks in all" },
    { name = "partBlocks", kind = "unsigned", bytes = 8, doc = "blocks of one part" },
  } },
  [39] = { kind = "digests", fields = {
    { name = "request", kind = "unsigned", bytes = 4, doc = "the number that the asker gave this request; its answer carries it again" },
    { name = "generation", kind = "unsigned", bytes = 4, doc = "the image they are of, 0 at main" },
    { name = "digests", kind = "list", max = 256, element = { kind = "fixedBytes", length = 16 }, doc = "one for each part" },
  } },
  [40] = { kind = "suspend", fields = {
    { name = "request", kind = "unsigned", bytes = 4, doc = "the number that the asker gave this request; its answer carries it again" },
  } },
  [41] = { kind = "resync", fields = {
    { name = "request", kind = "unsigned", bytes = 4, doc = "the number that the asker gave this request; its answer carries it again" },
  } },
  [42] = { kind = "takeover", fields = {
    { name = "request", kind = "unsigned", bytes = 4, doc = "the number that the asker gave this request; its answer carries it again" },
    { name = "force", kind = "flag", doc = "also when the main side is alive" },
  } },
  [43] = { kind = "failback", fields = {
    { name = "request", kind = "unsigned", bytes = 4, doc = "the number that the asker gave this request; its answer carries it again" },
    { name = "discard", kind = "flag", doc = "main’s writes that were never sent may be discarded" },
  } },
  [44] = { kind = "done", fields = {
    { name = "request", kind = "unsigned", bytes = 4, doc = "the number that the asker gave this request; its answer carries it again" },
    { name = "epoch", kind = "unsigned", bytes = 4, doc = "epoch of the pair now" },
    { name = "generation", kind = "unsigned", bytes = 4, doc = "the newest generation now" },
    { name = "effect", kind = "flag", doc = "whether anything changed" },
  } },
  [64] = { kind = "pairing", fields = {
    { name = "pair", kind = "fixedBytes", length = 16, doc = "pair id, zeros when this sub has none yet" },
    { name = "epoch", kind = "unsigned", bytes = 4, doc = "epoch" },
    { name = "method", kind = "choice", names = { [1] = "copy", [2] = "differential", [3] = "streaming" }, doc = "method (1 copy, 2 differential, 3 streaming)" },
    { name = "blockBytes", kind = "unsigned", bytes = 4, doc = "unit of copying" },
    { name = "volumes", kind = "list", max = 8, element = { kind = "unsigned", bytes = 8 }, doc = "sizes" },
    { name = "frozen", kind = "unsigned", bytes = 4, doc = "newest generation this side knows of" },
    { name = "committed", kind = "unsigned", bytes = 4, doc = "newest generation committed" },
    { name = "commitDigest", kind = "fixedBytes", length = 16, doc = "its digest; 16 bytes FF when that image could not be structured" },
    { name = "structured", kind = "unsigned", bytes = 4, doc = "newest generation structured" },
    { name = "state", kind = "choice", names = { [0] = "SMPL", [1] = "COPY", [2] = "PAIR", [3] = "PSUS", [4] = "SSUS", [5] = "PSUE", [6] = "SSWS" }, doc = "pair state (0 SMPL, 1 COPY, 2 PAIR, 3 PSUS, 4 SSUS, 5 PSUE, 6 SSWS)" },
    { name = "receiving", kind = "unsigned", bytes = 4, doc = "sub: the generation its staging is for, 0 for none; main: the one on its way" },
    { name = "takenOver", kind = "flag", doc = "this side has taken over and takes host writes" },
    { name = "runBytesMax", kind = "unsigned", bytes = 4, doc = "most bytes of blocks in one blockRun that this side takes" },
    { name = "windowBytes", kind = "unsigned", bytes = 4, doc = "most bytes of blocks that may be unanswered" },
  } },
  [65] = { kind = "begin", fields = {
    { name = "epoch", kind = "unsigned", bytes = 4, doc = "epoch" },
    { name = "generation", kind = "unsigned", bytes = 4, doc = "the generation on its way" },
    { name = "base", kind = "unsigned", bytes = 4, doc = "the committed generation that it is a difference to" },
    { name = "full", kind = "flag", doc = "whatever is not sent is zero" },
    { name = "state", kind = "choice", names = { [0] = "SMPL", [1] = "COPY", [2] = "PAIR", [3] = "PSUS", [4] = "SSUS", [5] = "PSUE", [6] = "SSWS" }, doc = "pair state (0 SMPL, 1 COPY, 2 PAIR, 3 PSUS, 4 SSUS, 5 PSUE, 6 SSWS)" },
  } },
  [66] = { kind = "blockRun", fields = {
    { name = "run", kind = "unsigned", bytes = 4, doc = "number of this run, one more with each of a session" },
    { name = "generation", kind = "unsigned", bytes = 4, doc = "the generation it is for" },
    { name = "volume", kind = "unsigned", bytes = 1, doc = "volume" },
    { name = "first", kind = "unsigned", bytes = 8, doc = "first block" },
    { name = "count", kind = "unsigned", bytes = 4, doc = "how many" },
    { name = "digest", kind = "fixedBytes", length = 16, doc = "digest of the run (PROTOCOL.md, digests)" },
    { name = "data", kind = "bytes", max = 1048576, doc = "contents, block after block" },
  } },
  [67] = { kind = "zeroRun", fields = {
    { name = "run", kind = "unsigned", bytes = 4, doc = "number of this run" },
    { name = "generation", kind = "unsigned", bytes = 4, doc = "the generation it is for" },
    { name = "volume", kind = "unsigned", bytes = 1, doc = "volume" },
    { name = "first", kind = "unsigned", bytes = 8, doc = "first block" },
    { name = "count", kind = "unsigned", bytes = 8, doc = "how many, at most 4096" },
  } },
  [68] = { kind = "stored", fields = {
    { name = "generation", kind = "unsigned", bytes = 4, doc = "generation" },
    { name = "runs", kind = "list", max = 4096, element = { kind = "unsigned", bytes = 4 }, doc = "runs" },
  } },
  [69] = { kind = "runRefused", fields = {
    { name = "generation", kind = "unsigned", bytes = 4, doc = "generation" },
    { name = "run", kind = "unsigned", bytes = 4, doc = "run" },
    { name = "code", kind = "refusal", doc = "refusal number" },
  } },
  [70] = { kind = "complete", fields = {
    { name = "generation", kind = "unsigned", bytes = 4, doc = "generation" },
    { name = "blocks", kind = "unsigned", bytes = 8, doc = "blocks sent, blocks of zeros included" },
    { name = "zeroBlocks", kind = "unsigned", bytes = 8, doc = "of these, blocks of zeros" },
    { name = "digest", kind = "fixedBytes", length = 16, doc = "digest over every address and content digest (PROTOCOL.md, digests)" },
  } },
  [71] = { kind = "committed", fields = {
    { name = "epoch", kind = "unsigned", bytes = 4, doc = "epoch" },
    { name = "generation", kind = "unsigned", bytes = 4, doc = "generation" },
    { name = "digest", kind = "fixedBytes", length = 16, doc = "as in complete" },
  } },
  [72] = { kind = "completeRefused", fields = {
    { name = "generation", kind = "unsigned", bytes = 4, doc = "generation" },
    { name = "code", kind = "refusal", doc = "refusal number" },
  } },
  [73] = { kind = "structured", fields = {
    { name = "generation", kind = "unsigned", bytes = 4, doc = "generation" },
  } },
  [74] = { kind = "getHoldings", fields = {
    { name = "generation", kind = "unsigned", bytes = 4, doc = "generation" },
  } },
  [75] = { kind = "holdings", fields = {
    { name = "generation", kind = "unsigned", bytes = 4, doc = "generation" },
    { name = "volume", kind = "unsigned", bytes = 1, doc = "volume" },
    { name = "chunks", kind = "list", max = 2048, element = { kind = "group", fields = { { name = "chunk", kind = "unsigned", bytes = 8, doc = "" }, { name = "held", kind = "fixedBytes", length = 8, doc = "" }, { name = "digest", kind = "fixedBytes", length = 16, doc = "" } } }, doc = "chunks that hold anything" },
    { name = "last", kind = "flag", doc = "no part follows" },
  } },
  [76] = { kind = "abandon", fields = {
    { name = "generation", kind = "unsigned", bytes = 4, doc = "generation" },
    { name = "code", kind = "refusal", doc = "refusal number" },
    { name = "state", kind = "choice", names = { [0] = "SMPL", [1] = "COPY", [2] = "PAIR", [3] = "PSUS", [4] = "SSUS", [5] = "PSUE", [6] = "SSWS" }, doc = "pair state (0 SMPL, 1 COPY, 2 PAIR, 3 PSUS, 4 SSUS, 5 PSUE, 6 SSWS)" },
  } },
  [77] = { kind = "pairStateChanged", fields = {
    { name = "state", kind = "choice", names = { [0] = "SMPL", [1] = "COPY", [2] = "PAIR", [3] = "PSUS", [4] = "SSUS", [5] = "PSUE", [6] = "SSWS" }, doc = "pair state (0 SMPL, 1 COPY, 2 PAIR, 3 PSUS, 4 SSUS, 5 PSUE, 6 SSWS)" },
    { name = "code", kind = "refusal", doc = "refusal number of the reason, 0 for none" },
  } },
  [78] = { kind = "failbackAsk", fields = {
    { name = "request", kind = "unsigned", bytes = 4, doc = "the number that the asker gave this request; its answer carries it again" },
    { name = "epoch", kind = "unsigned", bytes = 4, doc = "the epoch of the takeover" },
    { name = "committed", kind = "unsigned", bytes = 4, doc = "the common image" },
    { name = "discard", kind = "flag", doc = "writes never sent may be discarded" },
  } },
  [79] = { kind = "failbackDifference", fields = {
    { name = "request", kind = "unsigned", bytes = 4, doc = "the number that the asker gave this request; its answer carries it again" },
    { name = "volume", kind = "unsigned", bytes = 1, doc = "volume" },
    { name = "chunks", kind = "list", max = 4096, element = { kind = "group", fields = { { name = "chunk", kind = "unsigned", bytes = 8, doc = "" }, { name = "blocks", kind = "fixedBytes", length = 8, doc = "" } } }, doc = "chunks" },
    { name = "last", kind = "flag", doc = "no part follows" },
  } },
  [80] = { kind = "failbackDone", fields = {
    { name = "epoch", kind = "unsigned", bytes = 4, doc = "epoch" },
    { name = "generation", kind = "unsigned", bytes = 4, doc = "the generation that both now hold" },
  } },
  [81] = { kind = "compressedRun", fields = {
    { name = "run", kind = "unsigned", bytes = 4, doc = "number of this run, one more with each of a session" },
    { name = "generation", kind = "unsigned", bytes = 4, doc = "the generation it is for" },
    { name = "volume", kind = "unsigned", bytes = 1, doc = "volume" },
    { name = "first", kind = "unsigned", bytes = 8, doc = "first block" },
    { name = "count", kind = "unsigned", bytes = 4, doc = "how many" },
    { name = "digest", kind = "fixedBytes", length = 16, doc = "digest of the run (PROTOCOL.md, digests), as if it were not compressed" },
    { name = "data", kind = "bytes", max = 1048576, doc = "contents, block after block, as one zlib stream" },
  } },
  [82] = { kind = "heldRun", fields = {
    { name = "run", kind = "unsigned", bytes = 4, doc = "number of this run, one more with each of a session" },
    { name = "generation", kind = "unsigned", bytes = 4, doc = "the generation it is for" },
    { name = "volume", kind = "unsigned", bytes = 1, doc = "volume" },
    { name = "first", kind = "unsigned", bytes = 8, doc = "first block" },
    { name = "count", kind = "unsigned", bytes = 4, doc = "how many" },
    { name = "digest", kind = "fixedBytes", length = 16, doc = "digest of the run (PROTOCOL.md, digests)" },
  } },
}

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

