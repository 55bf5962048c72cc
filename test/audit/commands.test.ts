import { Command } from 'commander';
import { execFileSync } from 'node:child_process';
import { appendFile, copyFile, mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { transformSync } from '@swc/core';
import { registerAuditCommands } from '../../src/commands/audit';
import { draft, openHouse, type House } from './house';

describe('the audit commands', () => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse();
    const at = (minutes: number): Date => new Date(Date.parse('2026-03-01T10:00:00Z') + minutes * 60_000);
    const agent = {
      kind: 'key',
      id: 'key-1',
      name: 'Front desk',
      practice: 'sonora',
      practiceName: 'Sonora Behavioral Health',
      address: '192.0.2.7',
    } as const;
    await house.audit.trail.record(
      draft({
        at: at(0),
        agent,
        interaction: 'match',
        action: 'E',
        patients: [],
        resources: ['HealthcareService/h1'],
        details: [
          { type: 'input.level_of_care', value: 'IOP' },
          {
            type: 'match.1',
            value: JSON.stringify({ practice: 'Oasis Recovery', score: 92, reasons: ['Accepts AHCCCS'] }),
          },
        ],
      }),
    );
    await house.audit.trail.record(
      draft({
        at: at(5),
        agent,
        interaction: 'create',
        action: 'C',
        resources: ['ServiceRequest/s1', 'Task/t1', 'Patient/p1'],
        details: [
          { type: 'clinical_justification', value: 'Relapse risk; needs IOP' },
          { type: 'sent_to_practice', value: 'Oasis Recovery' },
        ],
      }),
    );
    await house.audit.trail.record(
      draft({
        at: at(9),
        interaction: 'update',
        action: 'U',
        resources: ['Task/t1'],
        agent: {
          ...agent,
          id: 'client-2',
          kind: 'client',
          name: 'EHR',
          practice: 'oasis',
          practiceName: 'Oasis Recovery',
        },
      }),
    );
  });
  afterAll(async () => {
    process.exitCode = undefined;
    await house.close();
  });

  /** Runs a command as the operator does: its output, and the exit code. */
  async function crosswalk(...args: string[]): Promise<{ out: string; code: number }> {
    const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
    registerAuditCommands(program, () =>
      Promise.resolve({ audit: house.audit, close: () => Promise.resolve() }),
    );
    let out = '';
    const take = (text: unknown): boolean => ((out += String(text)), true);
    const spies = [
      jest.spyOn(process.stdout, 'write').mockImplementation(take),
      jest.spyOn(process.stderr, 'write').mockImplementation(take),
    ];
    process.exitCode = 0;
    try {
      await program.parseAsync(['audit', ...args], { from: 'user' });
      return { out, code: Number(process.exitCode) };
    } finally {
      spies.forEach((spy) => spy.mockRestore());
      process.exitCode = 0;
    }
  }
  const file = (name: string): string => join(house.folder, name);

  it('export and verify, and verify refuses what was changed', async () => {
    const { out } = await crosswalk('export', '--out', file('a.json'), '--json');
    expect(JSON.parse(out)).toMatchObject({ file: file('a.json'), format: 'bundle' });
    expect((await readFile(file('a.json.summary.pdf'))).subarray(0, 5).toString()).toBe('%PDF-');
    expect(await crosswalk('verify', file('a.json'))).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^OK: \d+ events verified/),
    });
    await writeFile(
      file('b.json'),
      (await readFile(file('a.json'), 'utf8')).replace('Relapse risk', 'Relapse rick'),
    );
    const { id } = JSON.parse(await readFile(file('a.json'), 'utf8')).entry[1].resource;
    expect(await crosswalk('verify', file('b.json'))).toMatchObject({
      code: 1,
      out: expect.stringContaining(`Event ${id} (number 1 of the log) is altered`),
    });
  });

  it('verify with the published keys, and not with others', async () => {
    await crosswalk('export', '--out', file('k.ndjson'), '--format', 'ndjson');
    await writeFile(file('keys.json'), (await crosswalk('keys')).out);
    expect((await crosswalk('verify', file('k.ndjson'), '--key', file('keys.json'))).code).toBe(0);
    await crosswalk('rotate-key');
    expect((await crosswalk('verify', file('k.ndjson'))).code).toBe(0);
    await crosswalk('export', '--out', file('k2.ndjson'), '--format', 'ndjson');
    const stranger = await crosswalk('verify', file('k2.ndjson'), '--key', file('keys.json'));
    expect(stranger).toMatchObject({ code: 1, out: expect.stringContaining('not among the trusted keys') });
    await writeFile(file('keys.json'), (await crosswalk('keys')).out);
    expect((await crosswalk('verify', file('k2.ndjson'), '--key', file('keys.json'))).code).toBe(0);
  });

  it('verify on a plain Node, with nothing but its folder and the file', async () => {
    await crosswalk('export', '--out', file('p.csv'), '--format', 'csv');
    const source = join(__dirname, '../../src/audit/verify');
    await mkdir(file('alone'));
    for (const name of await readdir(source)) {
      const { code } = transformSync(await readFile(join(source, name), 'utf8'), {
        jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs' },
      });
      await writeFile(join(file('alone'), name.replace(/\.ts$/, '.js')), code);
    }
    const run = (name: string): string =>
      execFileSync(process.execPath, [join(file('alone'), 'main.js'), file(name)], {
        cwd: '/',
        env: {},
        encoding: 'utf8',
        stdio: 'pipe',
      });
    expect(run('p.csv')).toMatch(/^OK: /);
    await copyFile(file('p.csv'), file('q.csv'));
    await appendFile(file('q.csv'), '"x"\r\n');
    expect(() => run('q.csv')).toThrow(/added/);
  });

  it('anchor to a file and a URL, and verify that the log continues what was anchored', async () => {
    await crosswalk('anchor', '--to', file('anchors'));
    const posted: string[] = [];
    const server = createServer((req, res) => {
      req.on('data', (piece: Buffer) => posted.push(String(piece))).on('end', () => res.writeHead(204).end());
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    await crosswalk('anchor', '--to', `http://127.0.0.1:${(server.address() as AddressInfo).port}/anchor`);
    server.close();
    expect(JSON.parse(posted.join(''))).toMatchObject({ size: expect.any(Number), root: expect.any(String) });
    await crosswalk('export', '--out', file('c.json'));
    expect((await crosswalk('verify', file('c.json'), '--anchor', file('anchors'))).code).toBe(0);
    const anchor = JSON.parse(await readFile(file('anchors'), 'utf8'));
    await writeFile(file('forged'), JSON.stringify({ ...anchor, root: Buffer.alloc(32).toString('base64') }));
    expect((await crosswalk('verify', file('c.json'), '--anchor', file('forged'))).code).toBe(1);
  });

  it('resume an export that broke off', async () => {
    const { out } = await crosswalk(
      'export',
      '--out',
      file('r.ndjson'),
      '--format',
      'ndjson',
      '--to',
      '2026-03-02',
      '--json',
    );
    const whole = await readFile(file('r.ndjson'), 'utf8');
    const { log: size } = JSON.parse(out);
    await writeFile(file('r.ndjson.part'), whole);
    await truncate(file('r.ndjson.part'), whole.indexOf('\n') + 100);
    await writeFile(
      file('r.ndjson.part.json'),
      JSON.stringify({ format: 'ndjson', filter: { to: '2026-03-02' }, size }),
    );
    expect(
      (
        await crosswalk(
          'export',
          '--out',
          file('r.ndjson'),
          '--format',
          'ndjson',
          '--to',
          '2026-03-02',
          '--resume',
        )
      ).code,
    ).toBe(0);
    expect(await crosswalk('verify', file('r.ndjson'))).toMatchObject({
      code: 0,
      out: expect.stringContaining('OK: 3 events'),
    });
  });

  it('report on referrals: justification, offers, chosen provider, parties', async () => {
    await crosswalk('report', 'brokering', '--out', file('brokering.json'));
    const report = JSON.parse(await readFile(file('brokering.json'), 'utf8'));
    expect(report.rows).toEqual([
      expect.objectContaining({
        referral: 's1',
        sender: 'Sonora Behavioral Health',
        justification: 'Relapse risk; needs IOP',
        match_results_offered: 'Asked for level_of_care IOP: 1. Oasis Recovery, score 92 (Accepts AHCCCS)',
        chosen_provider: 'Oasis Recovery',
        parties: 'Sonora Behavioral Health, Oasis Recovery',
        steps: expect.stringContaining('update by EHR'),
        matches: [
          {
            asked: [{ input: 'level_of_care', value: 'IOP' }],
            offers: [{ practice: 'Oasis Recovery', score: 92, reasons: ['Accepts AHCCCS'] }],
          },
        ],
        followed: expect.arrayContaining([expect.objectContaining({ what: 'update', isRefused: false })]),
      }),
    ]);
    await crosswalk('report', 'access', '--patient', 'p1', '--out', file('access.csv'));
    expect(await readFile(file('access.csv'), 'utf8')).toContain(
      '"Front desk","key-1","Sonora Behavioral Health"',
    );
  });

  it('refuse what they do not know, in one line', async () => {
    await expect(crosswalk('export', '--out', file('x'), '--action', 'Z')).rejects.toThrow(
      'action must be C, R, U, D or E',
    );
    await expect(crosswalk('report', 'gossip', '--out', file('x.pdf'))).rejects.toThrow(
      'There is no report gossip',
    );
    expect(await crosswalk('verify', file('none'))).toMatchObject({
      code: 1,
      out: expect.stringContaining('no such file'),
    });
  });
});
