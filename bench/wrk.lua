-- Sends the prepared requests of a file in turn, and says the result as one JSON line.
-- Arguments: the file, the number of threads, and `unread` where answers are so large that handing each of them to this
-- script would be what is measured. Each thread begins at another place, so that keys stay distinct.
local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function init(arguments)
  requests, count = {}, 0
  local file = assert(io.open(arguments[1], "rb"))
  local data = file:read("*a")
  file:close()
  local at = 1
  while at <= #data do
    local a, b, c, d = data:byte(at, at + 3)
    local size = ((a * 256 + b) * 256 + c) * 256 + d
    count = count + 1
    requests[count] = data:sub(at + 4, at + 3 + size)
    at = at + 4 + size
  end
  position = math.floor(count * number / tonumber(arguments[2]))
  failures, sample = 0, ""
  unread = arguments[3] == "unread"
  if unread then response = nil end
end

function request()
  position = position + 1
  if position > count then position = 1 end
  return requests[position]
end

function response(status, headers, body)
  if status < 200 or status > 299 then
    failures = failures + 1
    if sample == "" then sample = status .. " " .. body:sub(1, 300) end
  end
end

function done(summary, latency)
  local lost = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  local failed, text, statuses = lost, "", 0
  for _, thread in ipairs(threads) do
    failed = failed + thread:get("failures")
    if thread:get("unread") then statuses = summary.errors.status end
    if text == "" then text = thread:get("sample") end
  end
  failed = failed + statuses
  text = text:gsub('[%c"\\]', " ")
  io.write(string.format(
    '\nLOAD {"requests":%d,"seconds":%.6f,"p50_ms":%.4f,"p99_ms":%.4f,"failures":%d,"sample":"%s"}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, failed, text))
end
