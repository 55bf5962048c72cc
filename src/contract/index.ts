/** What vendor faces share: schemas that validate bodies and make the OpenAPI document, queries, endpoints. */
export * from './schema';
export { compileBodies, compileBody, type FieldFault, jsonOf } from './body';
export * from './query';
export {
  type ApiDescription,
  documentRoute,
  type Endpoint,
  limitHeaders,
  openApiDocument,
  type Operation,
} from './openapi';
