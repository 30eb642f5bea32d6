-- wrk script: one request template, a key for each request out of a file.
--
-- Arguments after the URL: TEMPLATE KEYS MODE THREADS SEED EXPECT
--   TEMPLATE  file with one raw HTTP/1.1 request in which {key} stands for a key
--   KEYS      file of keys, one per line, all of the same width: line n is found by multiplication, so a million
--             keys cost one string and no table
--   MODE      measure: keys at random by SEED, answers counted by wrk alone
--             check: each thread walks its own share of the keys in turn, SEED being how far each has come
--             ("120,118"), and every answer is looked at (slower, never measured)
--   EXPECT    in check mode, what the body of each answer must contain

local threads = {}

function setup(thread)
  thread:set("index", #threads)
  table.insert(threads, thread)
end

local function read_file(path)
  local file = assert(io.open(path, "rb"))
  local content = file:read("*a")
  file:close()
  return content
end

local head, tail, keys, width, count, expect

local function load_requests(template_path, keys_path)
  local template = read_file(template_path)
  local first, last = template:find("{key}", 1, true)
  assert(first, "the template has no {key}")
  head, tail = template:sub(1, first - 1), template:sub(last + 1)
  keys = read_file(keys_path)
  width = assert(keys:find("\n", 1, true), "the key file has no complete line") - 1
  count = #keys / (width + 1)
  assert(count == math.floor(count), "the keys are not all of the same width")
end

local function request_for(number)
  local start = number * (width + 1)
  return head .. keys:sub(start + 1, start + width) .. tail
end

function init(args)
  load_requests(args[1], args[2])
  local mode, thread_count, seed = args[3], tonumber(args[4]), args[5]
  expect = args[6]
  answered, wrong, sample = 0, 0, ""
  if mode == "check" then
    local walked = {}
    for part in seed:gmatch("%d+") do table.insert(walked, tonumber(part)) end
    local share = math.ceil(count / thread_count)
    local first, step = share * index, walked[index + 1]
    request = function()
      local number = (first + step % share) % count
      step = step + 1
      return request_for(number)
    end
    response = check_response
  else
    math.randomseed(tonumber(seed) * 1000 + index)
    local random = math.random
    request = function() return request_for(random(0, count - 1)) end
  end
end

function check_response(status, _, body)
  answered = answered + 1
  if status < 200 or status > 299 or not body:find(expect, 1, true) then
    wrong = wrong + 1
    sample = status .. " " .. body:sub(1, 200)
  end
end

local function escape(text)
  return (text:gsub("[^%w %.,:_{}-]", "."))
end

function done(summary, latency, _)
  local wrong_total, sample_any, walked = 0, "", {}
  for _, thread in ipairs(threads) do
    wrong_total = wrong_total + thread:get("wrong")
    table.insert(walked, thread:get("answered"))
    if thread:get("sample") ~= "" then sample_any = thread:get("sample") end
  end
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"duration_us":%d,"p50_us":%d,"p99_us":%d,"status_errors":%d,'
      .. '"socket_errors":%d,"wrong":%d,"walked":[%s],"sample":"%s"}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, wrong_total,
    table.concat(walked, ","), escape(sample_any)))
end
