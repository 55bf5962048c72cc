export { canonicalJson } from './canonical';
export { COLUMNS, csvRow, drawnCells, type EventShape } from './columns';
export type { Format } from './entries';
export { bundleSignature } from './envelope';
export type { Finding } from './ledger';
export { runVerify } from './main';
export {
  FORMAT,
  openManifest,
  parseKeys,
  signedPart,
  thumbprint,
  type Checkpoint,
  type Manifest,
  type PublicJwk,
} from './manifest';
export {
  appendLeaf,
  chainHash,
  CHAIN_START,
  EMPTY_ROOT,
  HASH_BYTES,
  leafHash,
  nodeHash,
  rootOf,
  type Peak,
} from './merkle';
export { PROOF_URL, proofText, type Proof } from './proof';
export { encodeRuns, SelectionBuilder, type Run } from './selection';
export { verifyFile, type Verdict } from './verify';
export { describeVerdict } from './wording';
