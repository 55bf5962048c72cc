import type { Command } from 'commander';
import { writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import {
  REPORTS,
  renderReport,
  runVerify,
  type FilterQuery,
  type ReportFormat,
  type ReportName,
} from '../../audit';
import { ProblemError } from '../../fhir';
import { print } from '../print';
import { filterOf, registerExport, withFilters } from './export';
import { filterFacts, operator, recorded, withAudit, type OpenAuditHouse } from './house';

export type { AuditHouse, OpenAuditHouse } from './house';

/**
 * `audit export|verify|report|retention|anchor|keys|rotate-key`. Failures reject: the caller words and counts them.
 * `verify` opens nothing: it works with the file alone.
 */
export function registerAuditCommands(program: Command, openHouse: OpenAuditHouse): void {
  const audit = program.command('audit').description('The audit trail: exports, proofs, reports, retention');
  registerExport(audit, openHouse);
  registerVerify(audit);
  registerReport(audit, openHouse);
  registerRetention(audit, openHouse);
  registerAnchor(audit, openHouse);
  registerKeys(audit, openHouse);
}

function registerVerify(audit: Command): void {
  audit
    .command('verify')
    .description('Check an export, with nothing but the file')
    .argument('<file>', 'an export: Bundle, NDJSON or CSV')
    .option('--key <file>', 'public keys of the server (JWKS or PEM) from elsewhere; else those in the file')
    .option('--anchor <file>', 'checkpoints that the server anchored earlier: the log must continue them')
    .option('--json', 'print JSON')
    .action(async (file: string, options: { key?: string; anchor?: string; json?: boolean }) => {
      const { out, code } = await runVerify({ file, ...options });
      (code === 0 || options.json === true ? process.stdout : process.stderr).write(`${out}\n`);
      process.exitCode = code;
    });
}

function registerReport(audit: Command, openHouse: OpenAuditHouse): void {
  withFilters(
    audit
      .command('report')
      .description('Referral brokering review, patient access report, failed logins and refusals'),
  )
    .argument('<report>', 'brokering, access or refusals')
    .requiredOption('--out <file>', 'a .pdf, .csv or .json file')
    .option('--json', 'print JSON')
    .action(
      async (name: string, { out, json, ...filters }: FilterQuery & { out: string; json?: boolean }) => {
        const format = formatOf(out);
        if (!REPORTS.includes(name as ReportName))
          throw new ProblemError('malformed', `There is no report ${name}: brokering, access or refusals.`);
        const filter = filterOf(filters);
        const about = {
          interaction: 'export',
          action: 'E',
          command: `audit report ${name}`,
          facts: filterFacts(filter),
        } as const;
        const report = await withAudit(openHouse, (house) =>
          recorded(house, about, () => house.report(name as ReportName, filter)),
        );
        await writeFile(out, await renderReport(report, format), { mode: 0o600 });
        print({ report: name, file: out, rows: report.rows.length }, { json });
      },
    );
}

function formatOf(out: string): ReportFormat {
  const format = extname(out).slice(1).toLowerCase();
  if (format === 'pdf' || format === 'csv' || format === 'json') return format;
  throw new ProblemError('malformed', 'A report is written to a .pdf, .csv or .json file.');
}

function registerRetention(audit: Command, openHouse: OpenAuditHouse): void {
  const retention = audit.command('retention').description('How long events are kept');
  retention
    .command('show')
    .description('The policy')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      print(await withAudit(openHouse, (house) => house.retention.policy()), { json });
    });
  retention
    .command('set')
    .description('Keep events for so many years, six at least')
    .argument('<years>')
    .option('--json', 'print JSON')
    .action(async (years: string, { json }: { json?: boolean }) => {
      await withAudit(openHouse, (house) => house.retention.setPolicy(Number(years), operator()));
      print({ years: Number(years) }, { json });
    });
  retention
    .command('apply')
    .description('Remove the events that the policy no longer keeps; their hashes stay')
    .option('--dry-run', 'only say what would be removed')
    .option('--json', 'print JSON')
    .action(async ({ dryRun, json }: { dryRun?: boolean; json?: boolean }) => {
      print(
        await withAudit(openHouse, (house) => house.retention.apply(operator(), { dryRun: dryRun === true })),
        { json },
      );
    });
}

function registerAnchor(audit: Command, openHouse: OpenAuditHouse): void {
  audit
    .command('anchor')
    .description('Hand a signed checkpoint of the log to somebody else')
    .requiredOption('--to <target>', 'a file, appended to, or an http(s) URL, posted to')
    .option('--json', 'print JSON')
    .action(async ({ to, json }: { to: string; json?: boolean }) => {
      const about = {
        interaction: 'security',
        action: 'E',
        command: 'audit anchor',
        facts: { target: to.replace(/\?.*$/, '') },
      } as const;
      const { size, root, at, kid } = await withAudit(openHouse, (house) =>
        recorded(house, about, () => house.anchor(to)),
      );
      print({ target: to, size, root, at, key: kid }, { json });
    });
}

function registerKeys(audit: Command, openHouse: OpenAuditHouse): void {
  audit
    .command('keys')
    .description('The public keys as a JWKS, for audit verify --key')
    .option('--json', 'print JSON (it always is)')
    .action(async () => {
      print({ keys: await withAudit(openHouse, (house) => house.publicKeys()) }, { json: true });
    });
  audit
    .command('rotate-key')
    .description('Take a new signing key into use; the old ones still verify')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const about = { interaction: 'security', action: 'U', command: 'audit rotate-key', facts: {} } as const;
      print(
        { key: await withAudit(openHouse, (house) => recorded(house, about, () => house.rotateKey())) },
        { json },
      );
    });
}
