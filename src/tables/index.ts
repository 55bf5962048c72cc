/** Tables that operators import as CSV: read with all that is wrong told at once, written whole or not at all. */
export { type Line, readTable } from './read';
export { writeAll } from './write';
