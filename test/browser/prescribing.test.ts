import type { Page } from 'playwright-core';
import { closePages, pageOf } from './support/browser';
import { patientId, v1 } from './support/dermifi';
import { visit } from './support/visit';

afterAll(closePages);

/** One sign-in for all: each code of the second factor is good once. */
let page: Page;
beforeAll(async () => {
  page = await pageOf('provider');
});

describe('A prescriber', () => {
  it('writes a prescription from the formulary and sends it to a pharmacy', async () => {
    await page.goto('/prescriptions');
    await page.getByRole('link', { name: 'New prescription' }).click();
    await page.getByRole('combobox', { name: 'Patient' }).fill('doe');
    await page.getByRole('option', { name: /^Doe, John/ }).click();
    await page.getByRole('complementary', { name: 'Patient' }).getByText('latex').waitFor();

    await page.getByRole('button', { name: 'Sign', exact: true }).click();
    const medication = page.getByRole('combobox', { name: 'Medication' });
    await medication.and(page.locator(':focus')).waitFor();
    expect(await page.getByText('Is required').count()).toBe(2);

    await medication.pressSequentially('retin');
    await page.getByRole('option', { name: /^Tretinoin Cream 0.025%/ }).waitFor();
    await medication.press('ArrowDown');
    await medication.press('Enter');
    await page.getByText('tretinoin, Bausch Health, NDC 0187-5162-45').waitFor();
    expect(await page.getByRole('textbox', { name: 'Quantity' }).inputValue()).toBe('45');
    await page
      .getByRole('textbox', { name: 'Directions to the patient' })
      .fill('Apply a thin layer to the face at bedtime');
    const diagnosis = page.getByRole('textbox', { name: 'Diagnosis' });
    await diagnosis.fill('acne');
    await page.getByRole('combobox', { name: 'Pharmacy' }).fill('bay');
    await page.getByRole('option', { name: 'Bayview Pharmacy, 2100 Third St, San Francisco' }).click();
    await page.getByRole('button', { name: 'Sign and send' }).click();
    await page.getByText('Must be an ICD-10-CM code such as L70.0').waitFor();
    await diagnosis.fill('l70.0');
    await visit(page, { name: 'prescription-new' });
    await page.getByRole('button', { name: 'Sign and send' }).click();

    await page.getByRole('heading', { level: 1, name: 'Tretinoin Cream 0.025% active' }).waitFor();
    await page.getByText(/^SURESCRIPT-/).waitFor();
    await visit(page, { name: 'prescription' });
    const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    const kept = await page.request.get(`/fhir/R4/MedicationRequest/${id.slice('rx_'.length)}`);
    expect(await kept.json()).toMatchObject({
      status: 'active',
      dosageInstruction: [{ text: 'Apply a thin layer to the face at bedtime' }],
      dispenseRequest: {
        numberOfRepeatsAllowed: 3,
        performer: { reference: 'Organization/bayview-pharmacy' },
      },
    });
  });

  it('sends one later, and is told at the field what the server does not take', async () => {
    const patient = await patientId(page, 'khan');
    await page.goto(`/patients/${patient}?tab=prescriptions`);
    await page.getByRole('link', { name: 'New prescription' }).click();
    await page.getByRole('combobox', { name: 'Medication' }).fill('Zinc paste');
    await page.getByRole('textbox', { name: 'Directions to the patient' }).fill('Apply twice daily');
    await page.getByRole('textbox', { name: 'Quantity' }).fill('30');
    await page.getByRole('textbox', { name: 'Refills' }).fill('150');
    await page.getByRole('button', { name: 'Sign', exact: true }).click();
    await page.getByText(/whole number from 0 to 99/i).waitFor();
    await page.getByRole('textbox', { name: 'Refills' }).fill('1');
    await page.getByRole('button', { name: 'Sign', exact: true }).click();
    await page.getByText('Not to any pharmacy yet.').waitFor();
    await page.getByRole('button', { name: 'Send to a pharmacy' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('combobox', { name: 'Pharmacy' }).click();
    await page.getByRole('option', { name: /^CVS Pharmacy/ }).click();
    await visit(page, { name: 'prescription-send', phone: false });
    await dialog.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('acknowledged').waitFor();
  });

  it('is the only one to prescribe', async () => {
    const staff = await pageOf('staff');
    await staff.goto('/prescriptions');
    await staff.getByRole('link', { name: /^Tretinoin/ }).click();
    await staff.getByRole('button', { name: 'Ask for a refill' }).waitFor();
    expect(await staff.getByRole('button', { name: /^Send/ }).count()).toBe(0);
    await staff.goto('/prescriptions/new');
    await staff.getByRole('heading', { name: 'Not for your role' }).waitFor();
  });
});

describe('Clinic staff', () => {
  it('add a patient and change one', async () => {
    await page.goto('/patients');
    await page.getByRole('link', { name: 'New patient' }).click();
    await page.getByRole('textbox', { name: 'First name' }).fill('Noor');
    await page.getByRole('textbox', { name: 'Last name' }).fill('Haddad');
    await page.getByLabel('Date of birth').fill('1991-04-02');
    await page.getByRole('textbox', { name: 'Phone', exact: true }).fill('call me');
    await page.getByRole('combobox', { name: 'Allergies' }).fill('sulfa drugs');
    await page.getByRole('combobox', { name: 'Allergies' }).press('Enter');
    await page.getByRole('checkbox', { name: /consents to treatment/ }).check();
    await page.getByRole('button', { name: 'Add patient' }).click();
    await page.getByText('Is required').waitFor();
    await page.getByRole('checkbox', { name: /privacy practices/ }).check();
    await page.getByRole('button', { name: 'Add patient' }).click();
    await page.getByText('Invalid phone format').waitFor();
    await visit(page, { name: 'patient-new' });
    await page.getByRole('textbox', { name: 'Phone', exact: true }).fill('+1 (555) 010-7788');
    await page.getByRole('button', { name: 'Add patient' }).click();
    await page.getByRole('heading', { level: 1, name: 'Noor Haddad active' }).waitFor();
    await page.getByText('sulfa drugs').waitFor();

    await page.getByRole('link', { name: 'Edit' }).click();
    await page.getByRole('textbox', { name: 'City' }).fill('Oakland');
    const id = new URL(page.url()).pathname.split('/').at(-2) ?? '';
    // Somebody else changes another field meanwhile: it stays.
    await v1(page, 'PUT', `patients/${id}`, { email: 'noor@haddad.example' });
    await visit(page, { name: 'patient-edit' });
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Oakland').waitFor();
    await page.getByText('noor@haddad.example').waitFor();
    expect(await v1(page, 'GET', `patients/${id}`)).toMatchObject({
      email: 'noor@haddad.example',
      phone: '+1 (555) 010-7788',
      address: { city: 'Oakland' },
      allergies: ['sulfa drugs'],
    });
  });
});
