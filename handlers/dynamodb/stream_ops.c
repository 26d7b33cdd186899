/*
 * DynamoDB Streams: ListStreams, DescribeStream, GetShardIterator, GetRecords.
 *
 * An iterator is the stream's ARN and, in base64, when it was made and the number that it stands
 * at. It is not signed: it opens nothing but streams of the caller's own account.
 */
#include "handlers/dynamodb/stream.h"

#include <dynamodbstreams.h> /* generated from the model */

#include "handlers/common/arn.h"
#include "handlers/dynamodb/service.h"
#include "server/base/encode.h"

enum {
    PAGE_MAX = 100,     /* of ListStreams and DescribeStream */
    RECORDS_MAX = 1000, /* of GetRecords */
    RECORDS_BYTES = 1 << 20,
    ITERATOR_LIFE_MS = 15 * 60 * 1000,
    ITERATOR_BYTES = 16,
};

static int fail_store(struct request *req, enum store_status rc)
{
    (void)rc; /* logged where it arose */
    return aws_fail(req, &dynamodbstreams_InternalServerError, "Internal server error");
}

static int fail_no_stream(struct request *req, const char *arn)
{
    return aws_fail(req, &dynamodbstreams_ResourceNotFoundException,
                    "Requested resource not found: Stream: %s not found", arn);
}

static const char *arn_of(struct request *req, const struct ddb_stream_row *row)
{
    return arn_make(&req->arena, "dynamodb", row->region, row->account, "table/%s/stream/%s",
                    row->table_name, row->label);
}

static void release_later(void *hold)
{
    dynamodb_stream_release(hold);
}

/* The stream, held until the request ends. Streams of other accounts are not there. */
static int use(struct request *req, const char *arn, struct dynamodb_stream_hold **out)
{
    struct ddb_stream_name name;

    if (!ddb_stream_name_parse(arn, &req->arena, &name))
        return aws_fail(req, &aws_ValidationException, "Invalid StreamArn: %s", arn);
    if (!str_eq(name.scope.account, req->account) || !str_eq(name.scope.region, req->region))
        return fail_no_stream(req, arn);
    enum store_status rc = dynamodb_stream_hold(req->app, arn, out);
    if (rc == STORE_NOT_FOUND)
        return fail_no_stream(req, arn);
    if (rc != STORE_OK)
        return fail_store(req, rc);
    arena_defer(&req->arena, release_later, *out);
    return 0;
}

/* --- ListStreams --- */

/* The id to list after. AWS: one that is not there any more begins anew. */
static int start_of(struct request *req, const char *arn, int64_t *out_after)
{
    struct dynamodb_stream_hold *hold;
    struct ddb_stream_name name;

    *out_after = 0;
    if (arn == NULL)
        return 0;
    if (!ddb_stream_name_parse(arn, &req->arena, &name))
        return aws_fail(req, &aws_ValidationException, "Invalid StreamArn: %s", arn);
    enum store_status rc = dynamodb_stream_hold(req->app, arn, &hold);
    if (rc == STORE_NOT_FOUND)
        return 0;
    if (rc != STORE_OK)
        return fail_store(req, rc);
    *out_after = hold->row.id;
    dynamodb_stream_release(hold);
    return 0;
}

static int list_streams(struct request *req, const struct dynamodbstreams_ListStreamsInput *in,
                        struct dynamodbstreams_ListStreamsOutput *out)
{
    size_t limit = MIN((size_t)VALUE_OR(in->Limit, PAGE_MAX), (size_t)PAGE_MAX);
    struct ddb_stream_row *rows = ARENA_ARRAY(&req->arena, struct ddb_stream_row, limit + 1);
    const struct scope scope = {.account = req->account, .region = req->region};
    struct ddb_session s;
    int64_t after;
    size_t count = 0;

    if (start_of(req, in->ExclusiveStartStreamArn, &after) != 0)
        return -1;
    out->Streams.items = ARENA_ARRAY(&req->arena, struct dynamodbstreams_Stream, limit + 1);
    enum store_status rc = ddb_read_begin(ddb_store_in(ddb_of_app(req->app)), &s);
    if (rc == STORE_NOT_FOUND)
        return 0;
    if (rc != STORE_OK)
        return fail_store(req, rc);
    rc = ddb_stream_list(&s, &scope, in->TableName, after, limit + 1, &req->arena, rows, &count);
    ddb_read_end(&s);
    if (rc != STORE_OK)
        return fail_store(req, rc);
    for (size_t i = 0; i < MIN(count, limit); i++)
        out->Streams.items[out->Streams.count++] = (struct dynamodbstreams_Stream){
            .StreamArn = arn_of(req, &rows[i]),
            .TableName = rows[i].table_name,
            .StreamLabel = rows[i].label,
        };
    if (count > limit)
        out->LastEvaluatedStreamArn = out->Streams.items[limit - 1].StreamArn;
    return 0;
}

/* --- DescribeStream --- */

static void show_keys(struct request *req, const struct ddb_key_schema *key,
                      struct dynamodbstreams_KeySchema *out)
{
    out->items = ARENA_ARRAY(&req->arena, struct dynamodbstreams_KeySchemaElement, 2);
    out->items[out->count++] =
        (struct dynamodbstreams_KeySchemaElement){key->hash[0].name.data, "HASH"};
    if (key->range_count > 0)
        out->items[out->count++] =
            (struct dynamodbstreams_KeySchemaElement){key->range[0].name.data, "RANGE"};
}

static const char *sequence(struct request *req, int64_t number)
{
    char *text = arena_alloc(&req->arena, DYNAMODB_SEQUENCE_MAX);

    ddb_sequence_format(number, text);
    return text;
}

static void show_shard(struct request *req, const struct dynamodb_stream_hold *hold,
                       struct dynamodbstreams_Shard *out)
{
    char *name = arena_alloc(&req->arena, DYNAMODB_SHARD_ID_MAX);

    dynamodb_stream_shard_name(hold, 0, name);
    out->ShardId = name;
    out->SequenceNumberRange = ARENA_NEW(&req->arena, struct dynamodbstreams_SequenceNumberRange);
    out->SequenceNumberRange->StartingSequenceNumber = sequence(req, hold->row.first);
    if (hold->row.closed_ms != 0)
        out->SequenceNumberRange->EndingSequenceNumber =
            sequence(req, MAX(hold->row.last - 1, hold->row.first));
}

static int describe_stream(struct request *req,
                           const struct dynamodbstreams_DescribeStreamInput *in,
                           struct dynamodbstreams_DescribeStreamOutput *out)
{
    struct dynamodbstreams_StreamDescription *d =
        ARENA_NEW(&req->arena, struct dynamodbstreams_StreamDescription);
    struct dynamodb_stream_hold *hold;

    if (use(req, in->StreamArn, &hold) != 0)
        return -1;
    *d = (struct dynamodbstreams_StreamDescription){
        .StreamArn = in->StreamArn,
        .StreamLabel = hold->row.label,
        .StreamStatus = hold->row.closed_ms == 0 ? "ENABLED" : "DISABLED",
        .StreamViewType = ddb_view_name((enum ddb_view)hold->row.view),
        .CreationRequestDateTime = SOME_TIME(hold->row.created_ms),
        .TableName = hold->row.table_name,
    };
    show_keys(req, &hold->definition.key, &d->KeySchema);
    d->Shards.items = ARENA_ARRAY(&req->arena, struct dynamodbstreams_Shard, 1);
    show_shard(req, hold, &d->Shards.items[0]);
    /* The one shard has no children, and stands before no other. */
    const char *start = in->ExclusiveStartShardId;
    bool children = in->ShardFilter != NULL && in->ShardFilter->Type != NULL;
    d->Shards.count = !children && (start == NULL || strcmp(d->Shards.items[0].ShardId, start) > 0);
    out->StreamDescription = d;
    return 0;
}

/* --- iterators --- */

static void put(uint8_t *out, uint64_t value)
{
    for (int i = 7; i >= 0; i--, value >>= 8)
        out[i] = (uint8_t)value;
}

static int64_t get(const uint8_t *in)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value = value << 8 | in[i];
    return (int64_t)value;
}

static const char *iterator_at(struct request *req, const char *arn, int64_t number)
{
    uint8_t raw[ITERATOR_BYTES];
    char text[BASE64_LEN(ITERATOR_BYTES) + 1];

    put(raw, (uint64_t)clock_now_ms(&req->app->clock));
    put(raw + 8, (uint64_t)number);
    base64_encode(raw, sizeof(raw), text);
    return arena_printf(&req->arena, "%s|1|%s", arn, text);
}

struct iterator {
    const char *arn;
    int64_t made_ms;
    int64_t number;
};

static bool parse_iterator(struct request *req, const char *text, struct iterator *out)
{
    uint8_t raw[BASE64_LEN(ITERATOR_BYTES)];
    const char *bar = strstr(text, "|1|");
    size_t len;

    if (bar == NULL || strlen(bar + 3) != BASE64_LEN(ITERATOR_BYTES) ||
        !base64_decode(bar + 3, strlen(bar + 3), raw, &len) || len != ITERATOR_BYTES)
        return false;
    out->arn = arena_strndup(&req->arena, text, (size_t)(bar - text));
    out->made_ms = get(raw);
    out->number = get(raw + 8);
    return out->number >= 0;
}

static int check_sequence(struct request *req,
                          const struct dynamodbstreams_GetShardIteratorInput *in, bool wanted)
{
    if (wanted == (in->SequenceNumber != NULL))
        return 0;
    if (wanted)
        return aws_fail(req, &aws_ValidationException,
                        "SequenceNumber is required for ShardIteratorType %s",
                        in->ShardIteratorType);
    return aws_fail(req, &aws_ValidationException,
                    "SequenceNumber must not be provided for ShardIteratorType %s",
                    in->ShardIteratorType);
}

/* The number that a sequence number stands for, which must be one that is still there. */
static int number_of(struct request *req, const struct dynamodbstreams_GetShardIteratorInput *in,
                     struct dynamodb_stream_hold *hold, int64_t *out_number)
{
    int64_t number;
    int64_t oldest;
    int64_t end = 0;
    struct dynamodb_stream_position latest;
    const struct dynamodb_stream_start_at at_end = {.kind = DYNAMODB_STREAM_LATEST};
    bool is_number = ddb_sequence_parse(in->SequenceNumber, &number);
    enum store_status rc = dynamodb_stream_open(hold, 0, &at_end, &latest);

    if (rc == STORE_OK)
        end = latest.next;
    if (rc == STORE_OK)
        rc = ddb_stream_oldest(hold, &oldest);
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? fail_no_stream(req, in->StreamArn) : fail_store(req, rc);
    if (!is_number || number > end || number < hold->row.first)
        return aws_fail(req, &aws_ValidationException,
                        "Invalid SequenceNumber: the sequence number %s is not one of shard %s",
                        in->SequenceNumber, in->ShardId);
    *out_number = number + str_eq(in->ShardIteratorType, "AFTER_SEQUENCE_NUMBER");
    if (*out_number < oldest)
        return aws_fail(req, &dynamodbstreams_TrimmedDataAccessException,
                        "The operation attempted to read past the oldest stream record in a shard");
    return 0;
}

static int get_shard_iterator(struct request *req,
                              const struct dynamodbstreams_GetShardIteratorInput *in,
                              struct dynamodbstreams_GetShardIteratorOutput *out)
{
    bool by_number = str_eq(in->ShardIteratorType, "AT_SEQUENCE_NUMBER") ||
                     str_eq(in->ShardIteratorType, "AFTER_SEQUENCE_NUMBER");
    char name[DYNAMODB_SHARD_ID_MAX];
    struct dynamodb_stream_hold *hold;
    struct dynamodb_stream_position position = {0};

    if (check_sequence(req, in, by_number) != 0 || use(req, in->StreamArn, &hold) != 0)
        return -1;
    dynamodb_stream_shard_name(hold, 0, name);
    if (!str_eq(in->ShardId, name))
        return aws_fail(req, &dynamodbstreams_ResourceNotFoundException,
                        "Requested resource not found: Shard: %s in Stream: %s not found",
                        in->ShardId, in->StreamArn);
    if (by_number) {
        if (number_of(req, in, hold, &position.next) != 0)
            return -1;
    } else {
        struct dynamodb_stream_start_at start = {.kind = str_eq(in->ShardIteratorType, "LATEST")
                                                             ? DYNAMODB_STREAM_LATEST
                                                             : DYNAMODB_STREAM_TRIM_HORIZON};
        enum store_status rc = dynamodb_stream_open(hold, 0, &start, &position);
        if (rc != STORE_OK)
            return rc == STORE_NOT_FOUND ? fail_no_stream(req, in->StreamArn) : fail_store(req, rc);
    }
    out->ShardIterator = iterator_at(req, in->StreamArn, position.next);
    return 0;
}

/* --- GetRecords --- */

static struct ddb_item image(bool shown, struct ddb_text json)
{
    return shown ? (struct ddb_item){.set = true, .json = json} : (struct ddb_item){0};
}

static void show_record(struct request *req, const struct dynamodb_stream_hold *hold,
                        const struct ddb_record *r, struct dynamodbstreams_Record *out)
{
    struct dynamodbstreams_StreamRecord *d =
        ARENA_NEW(&req->arena, struct dynamodbstreams_StreamRecord);

    *d = (struct dynamodbstreams_StreamRecord){
        .ApproximateCreationDateTime = SOME_TIME(r->at_ms / 1000 * 1000), /* AWS: whole seconds */
        .Keys = r->keys,
        .NewImage = image(r->shows_after, r->after),
        .OldImage = image(r->shows_before, r->before),
        .SequenceNumber = r->sequence,
        .SizeBytes = SOME_LONG(r->size),
        .StreamViewType = ddb_view_name((enum ddb_view)hold->row.view),
    };
    *out = (struct dynamodbstreams_Record){
        .eventID = r->event_id,
        .eventName = r->event_name,
        .eventVersion = "1.1",
        .eventSource = "aws:dynamodb",
        .awsRegion = hold->row.region,
        .dynamodb = d,
    };
    if (!r->by_expiry)
        return;
    out->userIdentity = ARENA_NEW(&req->arena, struct dynamodbstreams_Identity);
    out->userIdentity->Type = "Service";
    out->userIdentity->PrincipalId = "dynamodb.amazonaws.com";
}

static int get_records(struct request *req, const struct dynamodbstreams_GetRecordsInput *in,
                       struct dynamodbstreams_GetRecordsOutput *out)
{
    size_t limit = (size_t)VALUE_OR(in->Limit, RECORDS_MAX);
    struct dynamodb_stream_hold *hold;
    struct ddb_stream_page page;
    struct iterator it;
    int64_t oldest;

    if (limit > RECORDS_MAX)
        return aws_fail(req, &aws_ValidationException,
                        "1 validation error detected: Value '%zu' at 'limit' failed to satisfy "
                        "constraint: Member must have value less than or equal to 1000",
                        limit);
    if (!parse_iterator(req, in->ShardIterator, &it))
        return aws_fail(req, &aws_ValidationException, "Invalid ShardIterator: %s",
                        in->ShardIterator);
    if (clock_now_ms(&req->app->clock) - it.made_ms > ITERATOR_LIFE_MS)
        return aws_fail(req, &dynamodbstreams_ExpiredIteratorException,
                        "The shard iterator is expired");
    if (use(req, it.arn, &hold) != 0)
        return -1;
    enum store_status rc = ddb_stream_oldest(hold, &oldest);
    if (rc == STORE_OK && it.number < oldest)
        return aws_fail(req, &dynamodbstreams_TrimmedDataAccessException,
                        "The operation attempted to read past the oldest stream record in a shard");
    if (rc == STORE_OK)
        rc = ddb_stream_page(hold, it.number, limit, RECORDS_BYTES, &req->arena, &page);
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? fail_no_stream(req, it.arn) : fail_store(req, rc);
    out->Records.items = ARENA_ARRAY(&req->arena, struct dynamodbstreams_Record, page.count + 1);
    for (; out->Records.count < page.count; out->Records.count++)
        show_record(req, hold, &page.items[out->Records.count],
                    &out->Records.items[out->Records.count]);
    if (!page.end)
        out->NextShardIterator = iterator_at(req, it.arn, page.next);
    return 0;
}

static const struct dynamodbstreams_handlers handlers = {
    .DescribeStream = describe_stream,
    .GetRecords = get_records,
    .GetShardIterator = get_shard_iterator,
    .ListStreams = list_streams,
};

const struct service dynamodbstreams_service = {
    .model = &dynamodbstreams_model,
    .handlers = &handlers,
    .error_type = ddb_error_type,
    .crc32_header = true,
    .json_words = JSON_WORDS_DYNAMODB,
    .request_id_form = REQUEST_ID_ALNUM_52,
};
