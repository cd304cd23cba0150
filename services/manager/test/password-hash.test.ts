import { scryptSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { networkOf } from '../src/sessions/login-limiter.ts';
import { hashPassword, isPassword } from '../src/users/password-hash.ts';

describe('a password', () => {
  it('is kept with its cost and a salt of its own, and known again', async () => {
    const [one, other] = [await hashPassword('correct horse'), await hashPassword('correct horse')];
    expect(one).toMatch(/^scrypt\$32768\$8\$3\$[\w-]{22}\$[\w-]{43}$/);
    expect(one).not.toBe(other);
    expect([await isPassword('correct horse', one), await isPassword('correct horsf', one)]).toEqual([true, false]);
  });

  it('is the same in whatever form a keyboard sends its letters', async () => {
    expect(await isPassword('cafe\u0301 au lait', await hashPassword('caf\u00e9 au lait'))).toBe(true);
  });

  it('of another cost is known too', async () => {
    const key = scryptSync('correct horse', 'salt', 32, { N: 16, r: 1, p: 1 }).toString('base64url');
    const kept = `scrypt$16$1$1$${Buffer.from('salt').toString('base64url')}$${key}`;
    expect([await isPassword('correct horse', kept), await isPassword('x', kept)]).toEqual([true, false]);
  });

  it('of nobody is never right', async () => {
    expect(await isPassword('', null)).toBe(false);
  });
});

it.each([
  ['an IPv4 address is one client', '192.0.2.1', '192.0.2.1'],
  ['an IPv4 address in IPv6 dress is the same', '::ffff:192.0.2.1', '192.0.2.1'],
  ['of IPv6 the network counts', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['zeros that are left out are zeros', '2001:db8::6', '2001:db8:0:0::/64'],
  ['leading zeros make no other client', '2001:0db8:0001:0002::1', '2001:db8:1:2::/64'],
  ['letters make no other client', '2001:DB8:1:2::1', '2001:db8:1:2::/64'],
  ['the own machine', '::1', '0:0:0:0::/64'],
  ['a zone makes no other client', 'fe80::1%eth0', 'fe80:0:0:0::/64'],
])('%s', (_what, address, expected) => {
  expect(networkOf(address)).toBe(expected);
});
