-- Puts attempts at the end of a desk's order, and tells what was put there since the caller last looked.
--
-- KEYS  order, tail, due, beats
-- ARGV  shop, epoch, the caller's place (number, command), now, most microseconds its clock may be off or '',
--       most attempts that may wait to be stored, how long they may wait, then for each attempt:
--       its entry, a beat's member or '', when that beat lapses, or 'if silent'
-- Gives what it came to; unless the caller must begin anew: the number up to which all is stored,
-- the entries it missed, and a '1' or '' for each attempt that was put or was not.
local order, tail, due, beats = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local shop, epoch, place, place_command = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local now, most_skew, most_waiting, patience = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local FIRST_ATTEMPT, ATTEMPT, COMMAND = 9, 3, 16

-- What somebody has damaged is as good as lost: install.lua begins the next life from the history.
local state = redis.pcall('HMGET', order, 'epoch', 'number', 'command', 'first', 'first_command', 'stored')
if state.err or state[1] ~= epoch then return {'not_loaded'} end
local number, first, stored = tonumber(state[2]), tonumber(state[4]), tonumber(state[6])
if not (number and first and stored) or first > stored or stored > number then return {'not_loaded'} end
if place > number then return {'not_loaded'} end
if place < first then return {'behind'} end

-- What was decided after the caller's place holds only on top of the very command that stands there.
local missed, before = {}, state[3]
if place < number then
  missed = redis.pcall('LRANGE', tail, place - number - (place > first and 1 or 0), -1)
  if missed.err then return {'not_loaded'} end
  before = state[5]
  if place > first then before = string.sub(table.remove(missed, 1) or '', 1, COMMAND) end
end
if before ~= place_command then return {'not_loaded'} end

if #ARGV < FIRST_ATTEMPT then return {'ok', stored, missed, {}} end
local skew = off(now, most_skew)
if skew then return {'skewed', stored, missed, {}, string.format('%d', skew)} end
if number - stored >= most_waiting then return {'backlogged', stored, missed, {}} end

local entries, put = {}, {}
for at = FIRST_ATTEMPT, #ARGV, ATTEMPT do
  local member, lapses = ARGV[at + 1], ARGV[at + 2]
  local last = lapses == 'if silent' and redis.call('ZSCORE', beats, member)
  local alive = last and tonumber(last) >= now
  put[#put + 1] = alive and '' or '1'
  if not alive then
    entries[#entries + 1] = ARGV[at]
    if lapses == 'if silent' then redis.call('ZREM', beats, member)
    elseif member ~= '' then redis.call('ZADD', beats, 'GT', lapses, member) end
  end
end
if #entries > 0 then
  local put = redis.pcall('RPUSH', tail, unpack(entries))
  if type(put) == 'table' then return string.find(put.err, 'WRONGTYPE') and {'not_loaded'} or put end
  redis.call('HSET', order, 'number', number + #entries, 'command', string.sub(entries[#entries], 1, COMMAND))
  -- Whoever put them may be gone before they are stored: then somebody else is called to it.
  if number == stored then redis.call('ZADD', due, 'LT', now + patience, shop) end
end
return {'ok', stored, missed, put}
