import ipaddr from 'ipaddr.js';
import { ProblemError } from '../fhir';

/** Which addresses outgoing calls may reach. */
export interface AddressPolicy {
  /** Whether a call may connect to this address, over TLS or in the clear. */
  allows(address: string, secure: boolean): boolean;
}

/**
 * Public addresses over TLS, and whatever the operator allowed although private (`WEBHOOK_ALLOW_PRIVATE`), there also
 * without TLS. An IPv4 range allows no IPv6 address, not even a mapped one's look-alike `::1`.
 */
export function addressPolicy(allowedPrivate: readonly string[]): AddressPolicy {
  const ranges = allowedPrivate.map((cidr) => ipaddr.parseCIDR(cidr));
  return {
    allows(text, secure) {
      if (!ipaddr.isValid(text)) return false;
      const address = ipaddr.process(text); // ::ffff:10.0.0.1 is 10.0.0.1
      const listed = ranges.some(
        ([range, bits]) => address.kind() === range.kind() && address.match(range, bits),
      );
      return listed || (secure && isPublic(address));
    },
  };
}

/** IPv4 addresses written as `::10.0.0.1`, which the library takes for public. RFC 4291, 2.5.5.1 */
const IPV4_COMPATIBLE = ipaddr.parseCIDR('::/96');

function isPublic(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  const [range, bits] = IPV4_COMPATIBLE;
  return address.range() === 'unicast' && !(address.kind() === 'ipv6' && address.match(range, bits));
}

/** The host of a URL when it is an address itself; brackets of IPv6 taken off. */
function literalAddress(url: URL): string | undefined {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return ipaddr.isValid(host) ? host : undefined;
}

/**
 * Refuses a URL that could never be called: not http(s), with credentials in it, an address literal that is not
 * allowed, or without TLS to a place that is not on the operator's list. Names are judged when they resolve.
 */
export function acceptUrl(text: string, policy: AddressPolicy, field: string): URL {
  if (!URL.canParse(text)) throw refused(field, 'must be an absolute http or https URL');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw refused(field, 'must be an http or https URL');
  if (url.username !== '' || url.password !== '')
    throw refused(field, 'must not carry a user name or password');
  const literal = literalAddress(url);
  if (literal !== undefined && !policy.allows(literal, url.protocol === 'https:')) {
    throw refused(field, 'leads to an address that outgoing calls may not reach (private, or without TLS)');
  }
  return url;
}

function refused(field: string, what: string): ProblemError {
  const message = `${field} ${what}.`;
  return new ProblemError('invalid', message, {
    issues: [{ severity: 'error', code: 'value', diagnostics: message, expression: [field] }],
  });
}
