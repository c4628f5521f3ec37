-- Tells of agents whose heartbeats stopped.
--
-- KEYS  the beats of one or several shards
-- ARGV  now, a moment soon after, how many of each shard at most, most microseconds the caller's clock may be off or ''
-- Gives how many beats are waited for, how many of them will have lapsed soon, and the first of those that have.
local watched, lapsed, first = 0, 0, {}
local skew = off(tonumber(ARGV[1]), tonumber(ARGV[4]))
if skew then return refusal(skew) end
for _, key in ipairs(KEYS) do
  local count = redis.pcall('ZCARD', key)
  -- What is no set is begun anew; the other shards have nothing to do with it.
  if type(count) ~= 'number' then redis.call('DEL', key) count = 0 end
  watched = watched + count
  local silent = redis.call('ZCOUNT', key, '-inf', '(' .. ARGV[2])
  if silent > 0 then
    lapsed = lapsed + silent
    local members = redis.call('ZRANGEBYSCORE', key, '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[3])
    for _, member in ipairs(members) do first[#first + 1] = member end
  end
end
return {watched, lapsed, first}
