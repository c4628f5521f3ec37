-- Takes shops that are due, for a while: whoever takes one does its work, or somebody else does it later.
--
-- KEYS  the due sets of one or several shards
-- ARGV  now, until when they are taken, how many of each shard at most, most microseconds the caller's clock may be off or ''
-- Gives shops and since when they were due, in turn.
local claimed = {}
local skew = off(tonumber(ARGV[1]), tonumber(ARGV[4]))
-- Whoever is ahead would take what is not due yet, and keep it from the others until its own time has come.
if skew then return refusal(skew) end
for _, key in ipairs(KEYS) do
  local due = redis.pcall('ZRANGEBYSCORE', key, '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[3])
  -- What is no set is begun anew; the other shards have nothing to do with it.
  if due.err then redis.call('DEL', key) end
  for at = 1, #due, 2 do
    redis.call('ZADD', key, ARGV[2], due[at])
    claimed[#claimed + 1], claimed[#claimed + 2] = due[at], due[at + 1]
  end
end
return claimed
