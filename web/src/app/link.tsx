import type { ComponentPropsWithRef } from 'react';
import { Link as RouterLink } from 'wouter';

/** A link to a page of the application, for `component={Link}` of the library's components too. */
export function Link({ to, ...rest }: Omit<ComponentPropsWithRef<'a'>, 'href'> & { to: string }) {
  return <RouterLink href={to} {...rest} />;
}
