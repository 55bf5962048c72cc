/** `npm run bench [-- faces|embedded|audit] [--quick]`: figures as ratios, taken in one run. */
import { benchFaces } from './faces';

const [suite = 'faces', ...flags] = process.argv.slice(2).sort((a, b) => Number(a.startsWith('-')) - Number(b.startsWith('-')));
const isQuick = flags.includes('--quick') || suite === '--quick';

async function main(): Promise<void> {
  switch (suite) {
    case 'faces':
      return benchFaces(isQuick ? { sizes: [1_000], rounds: 1, seconds: 2 } : { sizes: [1_000, 100_000], rounds: 3, seconds: 4 });
    default:
      throw new Error(`There is no bench named ${suite}; try faces, embedded or audit.`);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
});
