-- Ends a life of a desk, if it is still this one; its shop is due at once, so that somebody begins the next.
--
-- KEYS  order, tail, due
-- ARGV  shop, epoch
local epoch = redis.pcall('HGET', KEYS[1], 'epoch')
-- What is no hash is nobody's life.
if type(epoch) ~= 'table' and epoch ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('ZADD', KEYS[3], 0, ARGV[1])
return 1
