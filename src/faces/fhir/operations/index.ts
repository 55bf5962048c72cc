import type { Operation } from '../interaction';
import { EVERYTHING_OPERATIONS } from './everything';
import { MATCH } from './match';
import { META } from './meta';
import { REINDEX } from './reindex';
import { SUBSCRIPTIONS } from './subscriptions';
import { TERMINOLOGY } from './terminology';
import { VALIDATE } from './validate';

/** Every operation of this server; the CapabilityStatement declares exactly these. https://hl7.org/fhir/R4/operations.html */
export const OPERATIONS: readonly Operation[] = [
  ...META,
  ...VALIDATE,
  ...MATCH,
  ...EVERYTHING_OPERATIONS,
  ...TERMINOLOGY,
  ...REINDEX,
  ...SUBSCRIPTIONS,
];
