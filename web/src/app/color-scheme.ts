import type { MantineColorSchemeManager } from '@mantine/core';

/**
 * Light or dark as the system says, or as chosen for this visit. Nothing of the dashboard is kept in the browser's
 * storage, so a choice lasts as long as the page.
 */
export const schemeStore: MantineColorSchemeManager = {
  get: (initial) => initial,
  set: () => undefined,
  subscribe: () => undefined,
  unsubscribe: () => undefined,
  clear: () => undefined,
};
