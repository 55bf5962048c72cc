export { canonicalJson } from './canonical';
export { COLUMNS, csvRow, drawnCells, type EventShape } from './columns';
export type { Format } from './entries';
export { bundleSignature } from './envelope';
export type { Finding } from './ledger';
export { runVerify } from './main';
export { FORMAT, signedPart, thumbprint, type Checkpoint, type Manifest, type PublicJwk } from './manifest';
export {
  appendLeaf,
  chainHash,
  CHAIN_START,
  HASH_BYTES,
  leafHash,
  nodeHash,
  rootOf,
  type Peak,
} from './merkle';
export { proofText, type Proof } from './proof';
export { encodeRuns, SelectionBuilder, type Run } from './selection';
export { verifyFile, type Verdict } from './verify';
