/** `npm run bench [-- faces|vendors|embedded|audit|notify|validation] [--quick]`: figures as ratios, taken in one run. */
import { benchAudit } from './audit';
import { benchEmbedded } from './embedded';
import { benchFaces } from './faces';
import { benchNotify } from './notify';
import { benchValidation } from './validation';
import { benchVendors } from './vendors';

const [suite = 'faces', ...flags] = process.argv
  .slice(2)
  .sort((a, b) => Number(a.startsWith('-')) - Number(b.startsWith('-')));
const isQuick = flags.includes('--quick') || suite === '--quick';

async function main(): Promise<void> {
  switch (suite) {
    case 'faces':
      return benchFaces(
        isQuick
          ? { sizes: [1_000], rounds: 1, seconds: 2 }
          : { sizes: [1_000, 100_000], rounds: 3, seconds: 4 },
      );
    case 'vendors':
      return benchVendors(
        isQuick
          ? { patients: 2_000, others: 500, providers: 1_000, referrals: 500, rounds: 1, requests: 100 }
          : {
              patients: 100_000,
              others: 20_000,
              providers: 10_000,
              referrals: 10_000,
              rounds: 3,
              requests: 180,
            },
      );
    case 'embedded':
      return benchEmbedded(
        isQuick ? { documents: 10_000, milliseconds: 1000 } : { documents: 100_000, milliseconds: 4000 },
      );
    case 'audit':
      return benchAudit({ events: isQuick ? 100_000 : 1_000_000 });
    case 'notify':
      return benchNotify(
        isQuick ? { subscriptions: 10_000, events: 300 } : { subscriptions: 10_000, events: 3_000 },
      );
    case 'validation':
      return benchValidation();
    default:
      throw new Error(
        `There is no bench named ${suite}; try faces, vendors, embedded, audit, notify or validation.`,
      );
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
});
