-- Ends a life of a desk that says more to be stored than the history holds: the history was restored from a backup. Its shop
-- is due at once, so that somebody begins the next.
--
-- KEYS  order, tail, due
-- ARGV  shop, the number of the history's last event
local seq = redis.pcall('HGET', KEYS[1], 'seq')
-- What is damaged is ended by whoever loads the desk.
local stored = type(seq) == 'string' and tonumber(seq)
if not stored or stored <= tonumber(ARGV[2]) then return 0 end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('ZADD', KEYS[3], 0, ARGV[1])
return 1
