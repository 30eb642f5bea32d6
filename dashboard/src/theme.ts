import {
  Alert,
  Button,
  type CSSVariablesResolver,
  createTheme,
  type MantineColorsTuple,
  Modal,
  Table,
  TableScrollContainer,
  TextInput,
} from '@mantine/core';

const teal: MantineColorsTuple = [
  '#eefaf8',
  '#d9f2ee',
  '#b0e3dc',
  '#82d2c8',
  '#57bfb3',
  '#2fa698',
  '#148c7f',
  '#0f766e',
  '#0b5f58',
  '#084a45',
];

/** Greys of the dark scheme with the hue of its page and cards: text first, then lines, fields, cards, what lies below. */
const dark: MantineColorsTuple = [
  '#d9dfe1',
  '#b9c2c5',
  '#8b979b',
  '#6b777b',
  '#3f494d',
  '#333c40',
  '#23292c',
  '#171b1d',
  '#121617',
  '#0c0f10',
];

export const theme = createTheme({
  primaryColor: 'brand',
  primaryShade: 7,
  colors: { brand: teal, dark },
  autoContrast: true,
  defaultRadius: 'md',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Code", Menlo, "Liberation Mono", monospace',
  headings: { fontWeight: '650' },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    // What went wrong says so itself; the others are notes.
    Alert: Alert.extend({ defaultProps: { role: 'note' } }),
    Button: Button.extend({ defaultProps: { size: 'sm' } }),
    Modal: Modal.extend({
      styles: {
        title: { fontWeight: 650, fontSize: 'var(--mantine-font-size-lg)', overflowWrap: 'anywhere', lineHeight: 1.3 },
      },
      defaultProps: { overlayProps: { backgroundOpacity: 0.45, blur: 2 }, closeButtonProps: { 'aria-label': 'Close' } },
    }),
    Table: Table.extend({ defaultProps: { verticalSpacing: 'sm', horizontalSpacing: 'md' } }),
    // What scrolls can be reached by keyboard.
    TableScrollContainer: TableScrollContainer.extend({
      defaultProps: { scrollAreaProps: { viewportProps: { tabIndex: 0, role: 'group', 'aria-label': 'Table' } } },
    }),
    TextInput: TextInput.extend({ defaultProps: { autoComplete: 'off' } }),
  },
});

/** White on these is readable; on the library's own it is not quite. */
const FILLED = {
  '--mantine-color-red-filled': '#c92a2a',
  '--mantine-color-red-filled-hover': '#b02525',
  '--mantine-color-orange-filled': '#b34700',
  '--mantine-color-orange-filled-hover': '#993d00',
};

/** Quiet text stays readable: at least 4.5 to 1 against what is behind it. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    ...FILLED,
    '--mantine-color-dimmed': '#566165',
    '--mantine-color-placeholder': '#6b7579',
    '--mantine-color-error': '#c92a2a',
    '--mantine-color-red-outline': '#c92a2a',
    '--mantine-color-orange-light-color': '#8a4a00',
    '--mantine-color-teal-light-color': '#0b5f58',
  },
  dark: {
    ...FILLED,
    '--mantine-color-dimmed': '#9aa6aa',
    '--mantine-color-placeholder': '#8b979b',
    '--mantine-color-error': '#ffa8a8',
    // The library's own are white and nearly black: what is red must look it, and what is grey must be seen.
    '--mantine-color-red-light-color': '#ffa8a8',
    '--mantine-color-orange-light-color': '#ffc078',
    '--mantine-color-teal-light-color': '#7fd8cb',
    '--mantine-color-gray-light': '#2d3539',
    '--mantine-color-gray-light-hover': '#363f43',
  },
});
