import ipaddr from 'ipaddr.js';

/**
 * Whether an address may call: it lies in one of the CIDRs, or there are none. IPv4 addresses in IPv6 form count as
 * what they are. @throws Error from ipaddr.js for a malformed CIDR.
 */
export function createAllowlist(cidrs: readonly string[]): (address: string) => boolean {
  const ranges = cidrs.map((cidr) => ipaddr.parseCIDR(cidr));
  if (ranges.length === 0) return () => true;
  return (address) => {
    if (!ipaddr.isValid(address)) return false;
    const ip = ipaddr.process(address);
    return ranges.some(([range, bits]) => range.kind() === ip.kind() && ip.match(range, bits));
  };
}
