export { parseFhirXml } from './read';
export { stringifyFhirXml } from './write';
