-- Token reads in turn for the lines `CONNECTION KEY` of the file in KEYS. Prints one line for a program at the end.
local requests, at = {}, 0

function init()
    for line in io.lines(os.getenv("KEYS")) do
        local connection, key = line:match("^(%S+) (%S+)$")
        requests[#requests + 1] = wrk.format("POST", "/v1/connections/" .. connection .. "/token",
            { ["Authorization"] = "Bearer " .. key, ["Content-Length"] = "0" })
    end
end

function request()
    at = at % #requests + 1
    return requests[at]
end

function done(summary, latency)
    local errors = summary.errors
    local wrong = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    io.write(string.format("rate=%.1f p50_us=%d p99_us=%d wrong=%d\n", summary.requests / summary.duration * 1e6,
        latency:percentile(50), latency:percentile(99), wrong))
end
