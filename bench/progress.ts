/** Says on standard error how far a long load has come: in one line of a terminal, now and then in a log. */
export function progress(what: string, done: number, of: number): void {
  const { isTTY } = process.stderr;
  const text = `${what}: ${done.toLocaleString('en')} of ${of.toLocaleString('en')}`;
  if (isTTY) process.stderr.write(`\r${text}${done >= of ? '\n' : ''}`);
  else if (done >= of || done % 10_000 === 0) process.stderr.write(`${text}\n`);
}
