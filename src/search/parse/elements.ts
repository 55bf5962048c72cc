/** The elements that `_elements` may name. https://hl7.org/fhir/R4/search.html#elements */
import { isResourceType, propertiesOf } from '../../fhir';

/** Whether the name is one of an element at the root of one of the types: `birthDate`, `value`, `Observation.value`. */
export function isElementOf(types: readonly string[], name: string): boolean {
  const [first = '', second, ...more] = name.split('.');
  if (more.length > 0) return false;
  if (second !== undefined) return isResourceType(first) && hasElement(first, second);
  return first === 'resourceType' || types.some((type) => hasElement(type, first));
}

function hasElement(type: string, name: string): boolean {
  const properties = propertiesOf(type);
  if (properties.has(name)) return true;
  for (const { element } of properties.values()) if (element.name === `${name}[x]`) return true;
  return false;
}
