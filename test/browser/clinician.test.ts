import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { closePages, pageOf } from './support/browser';
import { patientId, v1 } from './support/dermifi';
import { visit } from './support/visit';

afterAll(closePages);

/** Prescribes something and asks for so early a refill that it waits for approval. */
async function pendingRefill(page: Page, name: string): Promise<string> {
  const [{ id: providerId = '' } = {}] = (await v1<{ providers: { id: string }[] }>(page, 'GET', 'providers'))
    .providers;
  const { id } = await v1<{ id: string }>(page, 'POST', 'prescriptions', {
    patientId: await patientId(page, 'doe'),
    providerId,
    medication: { name, strength: '100mg', form: 'capsule' },
    sig: 'Take 1 capsule by mouth twice daily with food',
    quantity: 60,
    refills: 2,
    daysSupply: 30,
  });
  const refill = await v1<{ refillId: string; status: string }>(page, 'POST', `prescriptions/${id}/refill`, {
    requestedBy: 'patient',
    earlyRefillReason: 'vacation',
  });
  expect(refill.status).toBe('pending_approval');
  return refill.refillId;
}

/** One sign-in for all: each code of the second factor is good once. */
let page: Page;
beforeAll(async () => {
  page = await pageOf('provider');
});

describe('A clinician', () => {
  it('finds a patient, uploads a photo and sees its thumbnail', async () => {
    await page.goto('/patients');
    await page.getByRole('link', { name: 'Zhang, Wei' }).waitFor();
    await visit(page, { name: 'patients' });
    await page.getByRole('searchbox', { name: 'Find a patient' }).fill('doe');
    await page.getByRole('link', { name: 'Zhang, Wei' }).waitFor({ state: 'detached' });
    expect(page.url()).not.toContain('doe');
    await page.getByRole('link', { name: 'Doe, John' }).click();
    await page.getByText('diabetes type 2').waitFor();
    await visit(page, { name: 'patient' });

    await page.getByRole('tab', { name: 'Photos' }).click();
    await page.getByText('No photos yet').waitFor();
    await page.getByRole('button', { name: 'Upload a photo' }).click();
    const dialog = page.getByRole('dialog');
    await page.locator('input[type=file]').setInputFiles({
      name: 'lesion.jpg',
      mimeType: 'image/jpeg',
      buffer: await picture(),
    });
    await dialog.getByRole('img', { name: 'Preview' }).waitFor();
    await dialog.getByRole('textbox', { name: 'Part of the body' }).fill('Left forearm');
    await dialog.getByRole('textbox', { name: 'What it shows' }).fill('Pigmented lesion, 8 mm');
    await visit(page, { name: 'photo-upload', phone: false });
    await dialog.getByRole('button', { name: 'Upload', exact: true }).click();
    const thumbnail = page.getByRole('img', { name: 'Pigmented lesion, 8 mm' });
    await thumbnail.waitFor();
    // Fails when what came is no picture. (The CSP forbids what `waitForFunction` does from its second look on.)
    await thumbnail.evaluate('(image) => image.decode()');
    await visit(page, { name: 'photos' });
    const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    const { photos } = await v1<{ photos: { bodyPart: string }[] }>(page, 'GET', `patients/${id}/photos`);
    expect(photos.map(({ bodyPart }) => bodyPart)).toEqual(['left_forearm']);
    await thumbnail.click();
    await page.getByRole('dialog', { name: 'Lesion, Left forearm' }).locator('img').waitFor();
  });

  it('sees records of an EHR with parts missing, and says of no list that it is empty', async () => {
    const session = (await (await page.request.get('/portal/session')).json()) as {
      csrfToken: string;
      user: { practiceId: string };
    };
    const put = async (id: string, resource: object): Promise<void> => {
      const answer = await page.request.put(`/fhir/R4/${id}`, {
        headers: { 'X-CSRF-Token': session.csrfToken, 'Content-Type': 'application/fhir+json' },
        data: JSON.stringify(resource),
      });
      expect(answer.status()).toBe(201);
    };
    const managingOrganization = { reference: `Organization/${session.user.practiceId}` };
    await put('Patient/nameless', { resourceType: 'Patient', id: 'nameless', managingOrganization });
    await put('MedicationRequest/bare', {
      resourceType: 'MedicationRequest',
      id: 'bare',
      status: 'active',
      intent: 'order',
      subject: { reference: 'Patient/nameless' },
      medicationCodeableConcept: { coding: [{ code: '313782' }] },
    });
    await page.goto('/patients');
    await page.getByRole('link', { name: 'Name not known' }).click();
    await page.getByRole('heading', { level: 1, name: 'Name not known active' }).waitFor();
    await page.getByRole('tab', { name: 'Prescriptions' }).click();
    await page.getByRole('cell', { name: '0 left' }).waitFor();
    await page.getByRole('link', { name: 'Medication not said' }).click();
    await page.getByRole('link', { name: 'Name not known' }).click();
    await page.goto('/patients/pat_nameless?tab=nothing');
    await page.getByText('In the record since').waitFor();
    await page.goto('/patients?page=9');
    await page.getByRole('button', { name: 'To the first page' }).click();
    await page.getByRole('link', { name: 'Name not known' }).waitFor();
  });

  it('signs a confidential note that staff do not see', async () => {
    const id = await patientId(page, 'khan');
    await page.goto(`/patients/${id}?tab=notes`);
    await page.getByRole('button', { name: 'New note' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Plan' }).fill('Speak about it alone');
    await dialog.getByRole('checkbox', { name: 'Confidential' }).check();
    await visit(page, { name: 'note-new', phone: false });
    await dialog.getByRole('button', { name: 'Sign note' }).click();
    await page.getByText('Speak about it alone').waitFor();
    await visit(page, { name: 'notes' });

    const staff = await pageOf('staff');
    await staff.goto(`/patients/${id}?tab=notes`);
    await staff.getByText('No notes that you may see').waitFor();
  });

  it('sees the day in the time of the place, from one day to the next', async () => {
    // The demonstration's appointments are on its next working day.
    const john = await patientId(page, 'doe');
    const { appointments } = await v1<{ appointments: { date: string }[] }>(
      page,
      'GET',
      `patients/${john}?include=appointments`,
    );
    const date = appointments[0]?.date ?? '';
    const before = new Date(Date.parse(date) - 86_400_000).toISOString().slice(0, 10);
    await page.goto(`/schedule?date=${before}`);
    const appointment = page.getByRole('listitem').filter({ hasText: 'John Doe' });
    await page.getByText(/ free\. SF, /).waitFor();
    expect(await appointment.count()).toBe(0);
    await page.getByRole('button', { name: 'Next day' }).click();
    await appointment.waitFor();
    expect(await appointment.textContent()).toContain('09:00 – 09:30');
    await page.getByText('12:00 – 13:00 Break').waitFor();
    await page.getByText(/Pacific (Standard|Daylight) Time/).waitFor();
    expect(new URL(page.url()).searchParams.get('date')).toBe(date);
    const providerId = new URL(page.url()).searchParams.get('provider') ?? '';
    const day = await v1<{ schedule: { availableSlots: string[] } }>(
      page,
      'GET',
      `providers/${providerId}/schedule?date=${date}&location=SF`,
    );
    expect(await page.getByText(/ Free$/).count()).toBe(day.schedule.availableSlots.length);
    await visit(page, { name: 'schedule' });
  });

  it('approves a refill, and is told when another was first', async () => {
    const first = await pendingRefill(page, 'Doxycycline');
    const second = await pendingRefill(page, 'Minocycline');
    await page.goto('/refills');
    await page.getByRole('button', { name: /^Approve Doxycycline/ }).waitFor();
    await visit(page, { name: 'refills' });
    await page.getByRole('button', { name: /^Approve Doxycycline/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).waitFor();
    await visit(page, { name: 'refill-approve', phone: false });
    await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
    await page.getByRole('article', { name: /^Doxycycline/ }).waitFor({ state: 'detached' });
    const task = await page.request.get(`/fhir/R4/Task/${first.slice('ref_'.length)}`);
    expect(await task.json()).toMatchObject({ status: 'accepted' });

    await page.getByRole('button', { name: /^Deny Minocycline/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Deny' }).waitFor();
    await v1(page, 'PUT', `refills/${second}/approve`);
    await page.getByRole('dialog').getByRole('button', { name: 'Deny' }).click();
    await page.getByText('It was decided in the meantime').waitFor();
    await visit(page, { name: 'refill-taken', phone: false });
    await page.getByRole('button', { name: 'Back to the list' }).click();
    await page.getByText('Nothing waits').waitFor();

    await page.goto('/prescriptions');
    await page.getByRole('link', { name: /^Doxycycline/ }).waitFor();
    await visit(page, { name: 'prescriptions' });
    const staff = await pageOf('staff');
    await staff.goto('/refills');
    await staff.getByText('Requests that wait for a prescriber').waitFor();
    expect(await staff.getByRole('button', { name: /^Approve/ }).count()).toBe(0);
  });

  it('follows an order to its end', async () => {
    const [{ id: providerId = '' } = {}] = (
      await v1<{ providers: { id: string }[] }>(page, 'GET', 'providers')
    ).providers;
    const { id } = await v1<{ id: string }>(page, 'POST', 'orders', {
      patientId: await patientId(page, 'lopez'),
      providerId,
      type: 'product',
      items: [{ type: 'product', name: 'Sunscreen SPF 50', quantity: 1, unit: 'tube' }],
    });
    await page.goto('/orders');
    await page.getByRole('link', { name: /^ORD-/ }).first().waitFor();
    await visit(page, { name: 'orders' });
    await page.goto(`/orders/${id}`);
    await page.getByText('Sunscreen SPF 50').waitFor();
    await visit(page, { name: 'order' });
    await page.getByRole('button', { name: 'Fulfil' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Fulfil' }).click();
    await page.getByRole('heading', { level: 1, name: /completed$/ }).waitFor();
    expect(await v1(page, 'GET', `orders/${id}`)).toMatchObject({ status: 'completed' });
  });
});

/** A photo of something on skin. */
function picture(): Promise<Buffer> {
  const spot = Buffer.from(
    '<svg width="640" height="480"><circle cx="320" cy="240" r="70" fill="#5b3324"/></svg>',
  );
  return sharp({ create: { width: 640, height: 480, channels: 3, background: '#d9a78b' } })
    .composite([{ input: spot }])
    .jpeg()
    .toBuffer();
}
