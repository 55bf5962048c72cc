import type { ReferralStep } from '../../api/referrals';

/** Ways into the record, as people know them. */
const FACES: Readonly<Record<string, string>> = {
  portal: 'in the dashboard',
  handoffrx: 'through the HandoffRx API',
  dermifi: 'through the Dermifi API',
  fhir: 'through the FHIR API',
  command: 'by a command on the server',
};

/** `Priya Shah, Camelback Family Medicine, in the dashboard`. */
export function doerOf({ by: { name, practice, face } }: ReferralStep): string {
  const who = practice === undefined || practice === name ? [name] : [name, practice];
  const way = face === undefined ? undefined : FACES[face];
  return [...who, ...(way === undefined ? [] : [way])].join(', ');
}

/** Elements of a ServiceRequest in words. https://hl7.org/fhir/R4/servicerequest.html */
const ELEMENTS: Readonly<Record<string, string>> = {
  category: 'level of care',
  code: 'service needed',
  priority: 'urgency',
  reasonCode: 'diagnosis',
  performer: 'receiving practice',
  requester: 'sending practice',
  subject: 'client',
  insurance: 'insurance',
  extension: 'clinical details',
  authoredOn: 'date',
};

export function elementName(element: string): string {
  return ELEMENTS[element] ?? element;
}
