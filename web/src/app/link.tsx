import type { ComponentPropsWithRef } from 'react';
import { Link as RouterLink } from 'wouter';

interface LinkProps extends Omit<ComponentPropsWithRef<'a'>, 'href'> {
  to: string;
  /** Goes along in the browser's history, not in the address. */
  state?: unknown;
}

/** A link to a page of the application, for `component={Link}` of the library's components too. */
export function Link({ to, ...rest }: LinkProps) {
  return <RouterLink href={to} {...rest} />;
}
