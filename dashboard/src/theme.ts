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

export const theme = createTheme({
  primaryColor: 'brand',
  primaryShade: 7,
  colors: { brand: teal },
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
      styles: { title: { fontWeight: 650, fontSize: 'var(--mantine-font-size-lg)', overflowWrap: 'anywhere' } },
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

/** White on this red is readable; on the library's own it is not quite. */
const RED = { '--mantine-color-red-filled': '#c92a2a', '--mantine-color-red-filled-hover': '#b02525' };

/** Quiet text stays readable: at least 4.5 to 1 against what is behind it. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: { ...RED, '--mantine-color-dimmed': '#566165', '--mantine-color-placeholder': '#6b7579' },
  dark: { ...RED, '--mantine-color-dimmed': '#9aa6aa', '--mantine-color-placeholder': '#8b979b' },
});
