-- Takes a heartbeat.
--
-- KEYS  order, beats
-- ARGV  epoch, member, when it lapses, now, most microseconds the caller's clock may be off or ''
-- Gives the number of the desk's last command, or -1 where the desk is not loaded in this life.
local skew = off(tonumber(ARGV[4]), tonumber(ARGV[5]))
if skew then return refusal(skew) end
local state = redis.pcall('HMGET', KEYS[1], 'epoch', 'number')
if state.err or state[1] ~= ARGV[1] then return -1 end
redis.call('ZADD', KEYS[2], 'GT', ARGV[3], ARGV[2])
return tonumber(state[2]) or -1
