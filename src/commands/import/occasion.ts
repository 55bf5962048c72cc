import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { ANONYMOUS, type Occasion } from '../../http';
import { operatorName } from '../../operator';
import { EVERYTHING } from '../../store';

/** An import as the audit tells it: by whom, on which machine. */
export function occasion(): Occasion {
  return {
    face: 'command',
    requestId: `cmd_${randomUUID().replaceAll('-', '')}`,
    at: new Date(),
    address: hostname(),
    principal: { ...ANONYMOUS, kind: 'system', id: 'command', name: operatorName(), viewer: EVERYTHING },
    audit: { interaction: 'import', action: 'C' },
    audited: false,
  };
}
