-- Sends prepared bodies, one after the other; see load.rs.
--
-- BENCH_BODIES  a file with one body a line
-- BENCH_UNIQUE  what stands where each request has a number of its own; as many digits
-- BENCH_FIRST   the first of these numbers

local unique = os.getenv("BENCH_UNIQUE")
local number = tonumber(os.getenv("BENCH_FIRST"))
local digits = "%0" .. #unique .. "d"
local requests, last = {}, 0

function init(arguments)
  local headers = { ["Content-Type"] = "application/json" }
  for body in io.lines(os.getenv("BENCH_BODIES")) do
    requests[#requests + 1] = wrk.format("POST", nil, headers, body)
  end
end

function request()
  last = last % #requests + 1
  number = number + 1
  return (requests[last]:gsub(unique, digits:format(number)))
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    '\n{"requests":%d,"micros":%d,"failed":%d,"p50":%d,"p99":%d}\n',
    summary.requests, summary.duration, failed, latency:percentile(50), latency:percentile(99)
  ))
end
