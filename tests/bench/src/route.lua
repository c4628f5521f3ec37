-- What routing a conversation in Redis takes at least: thirteen calls, read, decide, write.
local shop = KEYS[1]
local request, buyer, event = ARGV[1], ARGV[2], ARGV[3]
redis.call('HMGET', shop .. ':meta', 'epoch', 'seq', 'policy')
if redis.call('HGET', shop .. ':requests', request) then return 'again' end
redis.call('HGET', shop .. ':buyers', buyer)
local best = redis.call('ZRANGE', shop .. ':ready', 0, 0, 'WITHSCORES')
local agent = redis.call('HGET', shop .. ':agents', best[1])
redis.call('HSET', shop .. ':conversations', buyer, best[1] .. event)
redis.call('HSET', shop .. ':agents', best[1], agent)
redis.call('ZADD', shop .. ':ready', best[2] + 1, best[1])
redis.call('ZADD', shop .. ':timers', 100, buyer)
redis.call('HSET', shop .. ':requests', request, event)
redis.call('RPUSH', shop .. ':tail', event)
redis.call('LTRIM', shop .. ':tail', -64, -1)
redis.call('HSET', shop .. ':meta', 'seq', event)
return best[1]
