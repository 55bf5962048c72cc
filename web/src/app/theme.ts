import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

const pine: MantineColorsTuple = [
  '#effaf8',
  '#dcf2ee',
  '#b6e3db',
  '#8bd3c6',
  '#63c1b1',
  '#3fa898',
  '#238c7e',
  '#147468',
  '#0e6157',
  '#0a4d45',
];

/** The library's greys with a breath of blue: text first, backgrounds last. */
const dark: MantineColorsTuple = [
  '#d8dde3',
  '#bcc4cc',
  '#98a1ab',
  '#66707c',
  '#414b55',
  '#343d46',
  '#1e252b',
  '#171c21',
  '#12161a',
  '#0d1013',
];

/** Colours that badges and alerts use. */
const SPOKEN = ['pine', 'blue', 'red', 'orange', 'yellow', 'green', 'gray', 'violet', 'grape'] as const;

export const theme = createTheme({
  primaryColor: 'pine',
  // White on it has 5.6:1, and it has 3:1 on both backgrounds.
  primaryShade: 7,
  respectReducedMotion: true,
  colors: { pine, dark },
  defaultRadius: 'md',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
  headings: {
    fontWeight: '620',
    sizes: { h1: { fontSize: '1.55rem' }, h2: { fontSize: '1.15rem' }, h3: { fontSize: '1rem' } },
  },
  components: {
    Badge: { defaultProps: { variant: 'light', radius: 'sm', tt: 'none', fw: 550 } },
    Card: { defaultProps: { withBorder: true, padding: 'lg' } },
    Modal: {
      defaultProps: {
        centered: true,
        closeButtonProps: { 'aria-label': 'Close' },
        styles: { title: { fontWeight: 620 } },
        overlayProps: { backgroundOpacity: 0.45 },
      },
    },
    Anchor: { defaultProps: { underline: 'always' } },
  },
});

/** The library's quiet texts and tinted badges stay below 4.5:1 (WCAG 1.4.3); these do not. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#525b66',
    '--mantine-color-placeholder': '#66707c',
    '--mantine-color-error': 'var(--mantine-color-red-9)',
    '--mantine-color-anchor': 'var(--mantine-color-pine-8)',
    '--mantine-color-body': '#fbfcfc',
    ...Object.fromEntries(
      SPOKEN.map((name) => [
        `--mantine-color-${name}-light-color`,
        `color-mix(in srgb, var(--mantine-color-${name}-9), #000 22%)`,
      ]),
    ),
  },
  dark: {
    '--mantine-color-dimmed': '#aab2bc',
    '--mantine-color-placeholder': '#98a1ab',
    '--mantine-color-error': 'var(--mantine-color-red-4)',
    '--mantine-color-anchor': 'var(--mantine-color-pine-3)',
    '--mantine-color-body': '#12161a',
    '--mantine-color-default': '#1b2127',
    '--mantine-color-default-hover': '#232a31',
    '--mantine-color-default-border': '#343d46',
    ...Object.fromEntries(
      SPOKEN.map((name) => [`--mantine-color-${name}-light-color`, `var(--mantine-color-${name}-2)`]),
    ),
  },
});
