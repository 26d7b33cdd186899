/*
 * SearchTables: https://docs.aws.amazon.com/glue/latest/webapi/API_SearchTables.html
 *
 * All tables of the catalog are looked at, one after another; what matches is sorted whole and told
 * page by page.
 */
#include "handlers/common/page_token.h"
#include "handlers/glue/operations.h"
#include "server/base/clock.h"

enum { PAGE_MAX = 1000, STEP = 100, FOUND_MAX = 100000 };

/* A table that matches. */
struct found {
    int64_t order_ms;  /* by a time, */
    const char *order; /* or by a text */
    const char *database;
    const char *name;
};

struct search {
    struct request *req;
    struct scope scope;
    const struct glue_SearchTablesRequest *in;
    const char *kind; /* of the page tokens: what must be the same on all pages */
    const char *sort; /* the field; NULL: names alone */
    struct found *found;
    size_t count, capacity;
    struct arena arena; /* of one step */
};

/* --- fields --- */

static bool is_time(const char *field)
{
    return strcasecmp(field, "CreateTime") == 0 || strcasecmp(field, "UpdateTime") == 0 ||
           strcasecmp(field, "LastAccessTime") == 0 || strcasecmp(field, "LastAnalyzedTime") == 0;
}

static struct maybe_time time_of(const struct glue_Table *t, const char *field)
{
    if (strcasecmp(field, "CreateTime") == 0)
        return t->CreateTime;
    if (strcasecmp(field, "UpdateTime") == 0)
        return t->UpdateTime;
    return strcasecmp(field, "LastAccessTime") == 0 ? t->LastAccessTime : t->LastAnalyzedTime;
}

/* Any other name is that of a parameter. */
static const char *text_of(const struct glue_Table *t, const char *field)
{
    const struct {
        const char *name;
        const char *value;
    } fields[] = {
        {"Name", t->Name},   {"DatabaseName", t->DatabaseName}, {"Description", t->Description},
        {"Owner", t->Owner}, {"TableType", t->TableType},       {"CreatedBy", t->CreatedBy}};

    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (strcasecmp(fields[i].name, field) == 0)
            return fields[i].value ? fields[i].value : "";
    }
    for (size_t i = 0; i < t->Parameters.count; i++) {
        if (strcasecmp(t->Parameters.items[i].key, field) == 0)
            return t->Parameters.items[i].value;
    }
    return "";
}

/* --- matching --- */

static bool is_part(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

/* AWS: a text is the wanted one, or one of the words between its punctuation is. */
static bool has_word(const char *text, const char *wanted)
{
    size_t len = strlen(wanted);

    if (strcasecmp(text, wanted) == 0)
        return true;
    for (const char *c = text; *c;) {
        size_t word = 0;

        while (is_part(c[word]))
            word++;
        if (word == len && word > 0 && strncasecmp(c, wanted, len) == 0)
            return true;
        c += word + !word;
    }
    return false;
}

static bool holds(const char *comparator, int64_t a, int64_t b)
{
    if (str_eq(comparator, "GREATER_THAN"))
        return a > b;
    if (str_eq(comparator, "LESS_THAN"))
        return a < b;
    if (str_eq(comparator, "GREATER_THAN_EQUALS"))
        return a >= b;
    return str_eq(comparator, "LESS_THAN_EQUALS") ? a <= b : a == b;
}

static bool matches_filter(const struct glue_Table *t, const struct glue_PropertyPredicate *p)
{
    int64_t wanted_ms = 0;
    struct maybe_time time;

    if (!is_time(p->Key))
        return has_word(text_of(t, p->Key), p->Value);
    time = time_of(t, p->Key);
    (void)time_parse_iso8601(p->Value, &wanted_ms); /* check() has seen that it is one */
    return time.set && holds(p->Comparator ? p->Comparator : "EQUALS", time.ms, wanted_ms);
}

/* Without quotes around it, a text is found within others; with them, it is a whole value. */
static bool matches_text(const struct glue_Table *t, const char *text, struct arena *a)
{
    static const char *const fields[] = {"Name", "DatabaseName", "Description", "Owner"};
    size_t len = strlen(text);
    bool quoted = len >= 2 && text[0] == '"' && text[len - 1] == '"';
    const char *wanted = quoted ? arena_strndup(a, text + 1, len - 2) : text;

    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        const char *value = text_of(t, fields[i]);

        if (quoted ? strcasecmp(value, wanted) == 0 : strcasestr(value, wanted) != NULL)
            return true;
    }
    for (size_t i = 0; t->StorageDescriptor && i < t->StorageDescriptor->Columns.count; i++) {
        const char *value = t->StorageDescriptor->Columns.items[i].Name;

        if (quoted ? strcasecmp(value, wanted) == 0 : strcasestr(value, wanted) != NULL)
            return true;
    }
    return false;
}

static bool matches(const struct search *s, const struct glue_Table *t, struct arena *a)
{
    for (size_t i = 0; i < s->in->Filters.count; i++) {
        if (!matches_filter(t, &s->in->Filters.items[i]))
            return false;
    }
    return !s->in->SearchText || matches_text(t, s->in->SearchText, a);
}

/* --- the search --- */

static void add(struct search *s, const struct glue_Table *t)
{
    struct arena *a = &s->req->arena;
    struct found *f;

    if (s->count == s->capacity) {
        struct found *more;

        s->capacity = MAX(2 * s->capacity, (size_t)STEP);
        more = ARENA_ARRAY(a, struct found, s->capacity);
        if (s->count)
            memcpy(more, s->found, s->count * sizeof(*more));
        s->found = more;
    }
    f = &s->found[s->count++];
    f->database = arena_strdup(a, t->DatabaseName);
    f->name = arena_strdup(a, t->Name);
    f->order = "";
    if (s->sort && is_time(s->sort))
        f->order_ms = time_of(t, s->sort).ms;
    else if (s->sort)
        f->order = arena_strdup(a, text_of(t, s->sort));
}

/* Looks at some tables more; *out_more: there are others behind them. */
static enum store_status step(struct search *s, struct glue_filter *filter, bool *out_more)
{
    struct glue_table_row rows[STEP];
    size_t count;
    enum store_status status = glue_table_list(glue_store_of(s->req), &s->scope, filter, STEP,
                                               &s->arena, rows, &count, out_more);

    for (size_t i = 0; i < count && !status; i++) {
        struct glue_Table table;

        glue_read_table(&rows[i], &s->scope, &s->arena, &table);
        if (matches(s, &table, &s->arena))
            add(s, &table);
    }
    if (*out_more) {
        filter->after_database = arena_strdup(&s->req->arena, rows[count - 1].database);
        filter->after = arena_strdup(&s->req->arena, rows[count - 1].name);
    }
    arena_reset(&s->arena);
    return status;
}

static int by_order(const void *a, const void *b)
{
    const struct found *x = a;
    const struct found *y = b;
    int order = (x->order_ms > y->order_ms) - (x->order_ms < y->order_ms);

    if (!order)
        order = strcmp(x->order, y->order);
    if (!order)
        order = strcmp(x->database, y->database);
    return order ? order : strcmp(x->name, y->name);
}

static int by_order_down(const void *a, const void *b)
{
    return by_order(b, a);
}

static int check(struct request *req, const struct glue_SearchTablesRequest *in)
{
    int64_t ms;

    for (size_t i = 0; i < in->Filters.count; i++) {
        const struct glue_PropertyPredicate *p = &in->Filters.items[i];

        if (!p->Key || !p->Value)
            return aws_fail(req, &glue_InvalidInputException,
                            "A filter must have a key and a value.");
        if (is_time(p->Key) && !time_parse_iso8601(p->Value, &ms))
            return aws_fail(req, &glue_InvalidInputException, "%s is not a time: %s", p->Key,
                            p->Value);
    }
    if (in->SortCriteria.count > 0 && !in->SortCriteria.items[0].FieldName)
        return aws_fail(req, &glue_InvalidInputException, "A sort criterion must have a field.");
    return 0;
}

static int search_all(struct search *s)
{
    struct glue_filter filter = {.after_database = "", .after = ""};
    const struct glue_SortCriteria *sort = &s->in->SortCriteria;
    bool more = true;
    enum store_status status = STORE_OK;

    s->sort = sort->count > 0 ? sort->items[0].FieldName : NULL;
    arena_init(&s->arena);
    while (more && !status && s->count < FOUND_MAX)
        status = step(s, &filter, &more);
    arena_release(&s->arena);
    if (status)
        return aws_fail_internal(s->req);
    if (s->count > 0)
        qsort(s->found, s->count, sizeof(*s->found),
              s->sort && sort->items[0].Sort && str_eq(sort->items[0].Sort, "DESC") ? by_order_down
                                                                                    : by_order);
    return 0;
}

/* The page of what was found that begins at `from`. A table that has gone meanwhile is left out. */
static int answer(struct search *s, size_t from, struct glue_SearchTablesResponse *out)
{
    struct request *req = s->req;
    size_t limit = (size_t)VALUE_OR(s->in->MaxResults, PAGE_MAX);
    size_t end = from;
    size_t bytes = 0;

    out->TableList.items = ARENA_ARRAY(&req->arena, struct glue_Table, limit);
    for (; end < s->count && end - from < limit && bytes <= GLUE_PAGE_BYTES; end++) {
        struct glue_table_row row;
        enum store_status status =
            glue_table_find(glue_store_of(req), &s->scope, s->found[end].database,
                            s->found[end].name, &req->arena, &row);

        if (status == STORE_FAILED)
            return aws_fail_internal(req);
        if (status)
            continue;
        bytes += strlen(row.document);
        glue_read_table(&row, &s->scope, &req->arena,
                        &out->TableList.items[out->TableList.count++]);
    }
    if (end < s->count)
        out->NextToken =
            page_token_make(&req->arena, s->kind, arena_printf(&req->arena, "%zu", end));
    return 0;
}

static const char *token_kind(struct request *req, const struct glue_SearchTablesRequest *in)
{
    struct glue_SearchTablesRequest same = *in;

    same.NextToken = NULL;
    same.MaxResults.set = false;
    return arena_printf(&req->arena, "SearchTables %s",
                        glue_document(&req->arena, "SearchTablesRequest", &same));
}

int glue_search_tables(struct request *req, const struct glue_SearchTablesRequest *in,
                       struct glue_SearchTablesResponse *out)
{
    struct search s = {.req = req, .in = in, .kind = token_kind(req, in)};
    const char *position;

    if (glue_use_catalog(req, in->CatalogId, NULL, NULL, &s.scope) || check(req, in) ||
        glue_read_token(req, s.kind, in->NextToken, &position))
        return -1;
    /* nothing is shared with anybody here */
    if (in->ResourceShareType && !str_eq(in->ResourceShareType, "ALL"))
        return 0;
    if (search_all(&s))
        return -1;
    return answer(&s, strtoul(position, NULL, 10), out);
}
