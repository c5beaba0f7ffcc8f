-- Asks for random users of as many as the first argument says; prints what was measured as a line of JSON.

local users

function init(args)
  users = tonumber(args[1])
  math.randomseed(os.time())
end

function request()
  return wrk.format("GET", "/users/" .. math.random(1, users))
end

-- Times come in microseconds.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, '
      .. '"connect": %d, "read": %d, "write": %d, "timeout": %d, "status": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect, errors.read, errors.write, errors.timeout, errors.status
  ))
end
