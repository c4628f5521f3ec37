-- Ends a life of a desk that says more to be stored than the history holds: the history was restored from a backup. Its shop
-- is due at once, so that somebody begins the next.
--
-- KEYS  order, tail, due
-- ARGV  shop, the number of the history's last event
local stored = redis.call('HGET', KEYS[1], 'seq')
if not stored or tonumber(stored) <= tonumber(ARGV[2]) then return 0 end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('ZADD', KEYS[3], 0, ARGV[1])
return 1
