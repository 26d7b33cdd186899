#include "handlers/firehose/deliver.h"
void process_records(struct work *w)
{
    deliver_postpone(w, "InternalError", "not there yet");
}
void deliver_to_http(struct work *w)
{
    deliver_postpone(w, "InternalError", "not there yet");
}
void deliver_to_search(struct work *w)
{
    deliver_postpone(w, "InternalError", "not there yet");
}
