import { dateRange, encodeInstant, EARLIEST, LATEST, periodRange, timingRange } from '../../src/fhir';

describe('date ranges', () => {
  test.each([
    ['1980-05-11T16:32:15Z', '19800511163215000000000', '19800511163215999999999'],
    ['1980-05-11T16:32:15.500Z', '19800511163215500000000', '19800511163215500999999'],
    ['1980-05-11T16:32:15.5000001Z', '19800511163215500000100', '19800511163215500000199'],
    ['1980-05-11T16:32Z', '19800511163200000000000', '19800511163259999999999'],
    ['2015-02-07T13:28:17-05:00', '20150207182817000000000', '20150207182817999999999'],
    ['2016-12-31T23:59:60Z', '20170101000000000000000', '20170101000000999999999'],
  ])('%s spans its precision', (value, low, high) => {
    expect(dateRange(value)).toEqual({ low, high });
  });

  test.each([
    ['1980', new Date(1980, 0, 1), new Date(1981, 0, 1)],
    ['1980-02', new Date(1980, 1, 1), new Date(1980, 2, 1)],
    ['1980-12-31', new Date(1980, 11, 31), new Date(1981, 0, 1)],
    ['1980-12-31T23:59', new Date(1980, 11, 31, 23, 59), new Date(1981, 0, 1)],
  ])('%s is in the time zone of the process', (value, start, end) => {
    expect(dateRange(value)).toEqual({
      low: encodeInstant(start),
      high: encodeInstant(new Date(end.getTime() - 1)).replace(/\d{6}$/, '999999'),
    });
  });

  test.each([
    '',
    '80',
    '1980-13',
    '1980-02-30',
    '1900-02-29',
    '1980-5-1',
    '1980-05-11T25:00:00Z',
    '0000',
    '2020-01-01T10:00:00+15:00',
    '2020-01-01T10:00:00z',
    ' 2020',
  ])('%s is no date', (value) => {
    expect(dateRange(value)).toBeUndefined();
  });

  test('periods may be open, timings count their outer limits', () => {
    expect(periodRange({ start: '2020-01-01T00:00:00Z' })).toEqual({
      low: '20200101000000000000000',
      high: LATEST,
    });
    expect(periodRange({ end: '2020-01-01T00:00:00Z' })).toMatchObject({ low: EARLIEST });
    expect(periodRange({})).toBeUndefined();
    const event = ['2020-01-03T00:00:00Z', '2020-01-01T00:00:00Z', '2020-01-02T00:00:00Z'];
    expect(timingRange({ event })).toEqual({
      low: '20200101000000000000000',
      high: '20200103000000999999999',
    });
    expect(timingRange({ repeat: { frequency: 1 } })).toBeUndefined();
  });
});
