import type { Drug } from '../../api/formulary';
import type { NewPrescription } from '../../api/prescriptions';

/** The form of a new prescription; texts are empty and numbers '' when they are not given. */
export interface Draft {
  providerId: string;
  medication: { name: string; strength: string; form: string; ndcCode: string };
  sig: string;
  quantity: number | string;
  quantityUnit: string;
  refills: number | string;
  daysSupply: number | string;
  substitutionAllowed: boolean;
  indication: string;
  icd10Code: string;
  notes: string;
  /** Empty: it is signed, and sent later. */
  pharmacyId: string;
  pharmacyNotes: string;
}

export function emptyDraft(providerId: string): Draft {
  return {
    providerId,
    medication: { name: '', strength: '', form: '', ndcCode: '' },
    sig: '',
    quantity: '',
    quantityUnit: '',
    refills: 0,
    daysSupply: '',
    substitutionAllowed: true,
    indication: '',
    icd10Code: '',
    notes: '',
    pharmacyId: '',
    pharmacyNotes: '',
  };
}

/** What the formulary says of a drug, in the fields that it fills. */
export function withDrug(draft: Draft, { name, form, size, ndc, refills, daysSupply }: Drug): Draft {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*(\p{L}+)$/u.exec(size ?? '') ?? [];
  return {
    ...draft,
    medication: { name, strength: '', form: form ?? '', ndcCode: ndc },
    quantity: amount === undefined ? draft.quantity : Number(amount),
    quantityUnit: unit ?? (form === undefined ? '' : `${form}s`),
    refills: refills ?? draft.refills,
    daysSupply: daysSupply ?? draft.daysSupply,
  };
}

/** Faults that can be told before asking the server, by field. Dermifi, "Create new prescription". */
export function checkDraft({
  providerId,
  medication,
  sig,
  quantity,
  icd10Code,
}: Draft): Record<string, string> {
  return {
    ...(providerId === '' && { providerId: 'Choose who prescribes' }),
    ...(medication.name.trim() === '' && { 'medication.name': 'Is required' }),
    ...(sig.trim() === '' && { sig: 'Is required' }),
    ...(!(Number(quantity) > 0) && { quantity: 'Must be a number above 0' }),
    ...(icd10Code.trim() !== '' &&
      !/^[A-Z]\d[\dA-Z](\.[\dA-Z]{1,4})?$/.test(icd10Code.trim()) && {
        icd10Code: 'Must be an ICD-10-CM code such as L70.0',
      }),
  };
}

/** The draft as the API takes it: trimmed, without what is empty. */
export function bodyOf(draft: Draft, patientId: string): NewPrescription {
  const { providerId, medication, sig, quantity, refills, daysSupply, substitutionAllowed } = draft;
  const { name, ...more } = medication;
  const { quantityUnit, indication, icd10Code, notes } = draft;
  return {
    patientId,
    providerId,
    medication: { name: name.trim(), ...given(more) },
    sig: sig.trim(),
    quantity: Number(quantity),
    refills: Number(refills),
    ...(daysSupply !== '' && { daysSupply: Number(daysSupply) }),
    substitutionAllowed,
    ...given({ quantityUnit, indication, icd10Code, notes }),
  };
}

/** What was typed, without spaces around it. */
export function given<K extends string>(texts: Readonly<Record<K, string>>): Partial<Record<K, string>> {
  const told = Object.entries<string>(texts).filter(([, text]) => text.trim() !== '');
  return Object.fromEntries(told.map(([name, text]) => [name, text.trim()])) as Partial<Record<K, string>>;
}
