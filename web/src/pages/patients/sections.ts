/** Sections of a clinical note. Dermifi, "Add clinical note". */
export const SECTIONS = [
  { name: 'chiefComplaint', label: 'Chief complaint' },
  { name: 'hpi', label: 'History of present illness' },
  { name: 'examination', label: 'Examination' },
  { name: 'assessment', label: 'Assessment' },
  { name: 'plan', label: 'Plan' },
] as const;

export const NOTE_TYPES = [
  { value: 'progress_note', label: 'Progress note' },
  { value: 'consultation_note', label: 'Consultation note' },
  { value: 'procedure_note', label: 'Procedure note' },
  { value: 'history_and_physical', label: 'History and physical' },
  { value: 'operative_note', label: 'Operative note' },
  { value: 'discharge_summary', label: 'Discharge summary' },
];
