#include "command.h"

#include <string.h>

const cli_command command_table[] = {
    {COMMAND_ESTIMATE, "estimate", NULL, "[X Y]", 0, 2,
     "mutual information of two data sets, row by row or by pairs of ids",
     "X and Y are files (.npy, .npz, .csv, .tsv, .csv.gz, .tsv.gz, .safetensors, .h5), uploaded under a name "
     "made of the file's name and hash, so that "
     "a file travels once; or\n"
     "dataset:NAME for a data set that is on the server. They may be left out when --spec names them. Row i "
     "of "
     "X belongs to row i of Y, or with\n"
     "--pairs TABLE, ids of X to ids of Y; X and Y may then be one file.\n"
     "\n"
     "Shows progress on stderr and the result on stdout. Ctrl-C detaches: the job goes on, its id is printed "
     "on stdout, the exit code is 0, and\n"
     "'mutual jobs watch ID' resumes. A second Ctrl-C exits at once.",
     estimate_run},
    {COMMAND_BENCHMARK, "benchmark", NULL, "", 0, 0, "estimators on laws whose mutual information is known",
     "The server draws the data: --n pairs of each law, or with --fresh STEPS new pairs at every training "
     "step, where --levels is a staircase of MI that\n"
     "the critic climbs. Each law and objective is repeated with other data and weights, and every objective "
     "sees the same data.\n"
     "\n"
     "  mutual benchmark --law gaussian:dim=20 --fresh 10000 --levels 2,4,6,8,10 --objectives "
     "infonce-anchor,smile --repetitions 3\n"
     "  mutual benchmark --suite beyond-normal --n 4000",
     benchmark_run},
    {COMMAND_JOBS_LS, "jobs", "ls", "", 0, 0, "list jobs, newest first", NULL, jobs_list},
    {COMMAND_JOBS_GET, "jobs", "get", "ID", 1, 1, "show a job and its result", NULL, jobs_get},
    {COMMAND_JOBS_WATCH, "jobs", "watch", "ID", 1, 1, "follow a job to its end, then show its result",
     "Ctrl-C detaches, as in 'mutual estimate'.", jobs_watch},
    {COMMAND_JOBS_CANCEL, "jobs", "cancel", "ID", 1, 1, "cancel a job", NULL, jobs_cancel},
    {COMMAND_JOBS_RM, "jobs", "rm", "ID", 1, 1, "remove a job that has ended, with its results", NULL,
     jobs_remove},
    {COMMAND_PMI, "pmi", NULL, "ID", 1, 1, "pointwise mutual information of each pair of a job",
     "A table shows the 20 highest pairs unless --top, --min or --limit say otherwise; json is one page as "
     "the server sends it; csv and npy are all\n"
     "pairs (or those that --top and --min keep), streamed. Columns: pmi in nats; the percentile, p and q "
     "value among mismatched pairs.",
     pmi_run},
    {COMMAND_CURVE, "curve", NULL, "ID", 1, 1, "training curves of a job, drawn in the terminal", NULL,
     curve_run},
    {COMMAND_MODELS_LS, "models", "ls", "", 0, 0, "list models, newest first",
     "A model is what a job has trained, kept beyond it: mutual estimate ... --model.", models_list},
    {COMMAND_MODELS_SHOW, "models", "show", "MODEL", 1, 1, "describe a model, by id or alias", NULL,
     models_show},
    {COMMAND_MODELS_ALIAS, "models", "alias", "MODEL [ALIAS]", 1, 2, "give a model a name, or take it away",
     NULL, models_alias},
    {COMMAND_MODELS_PIN, "models", "pin", "MODEL", 1, 1, "keep a model whatever the server's retention says",
     NULL, models_pin},
    {COMMAND_MODELS_UNPIN, "models", "unpin", "MODEL", 1, 1, "the opposite", NULL, models_unpin},
    {COMMAND_MODELS_RM, "models", "rm", "MODEL", 1, 1, "remove a model", NULL, models_remove},
    {COMMAND_MODELS_WEIGHTS, "models", "weights", "MODEL", 1, 1, "download a model as a safetensors file",
     "Into MODEL.safetensors unless --out says otherwise.", models_weights},
    {COMMAND_SCORE, "score", NULL, "MODEL [X,Y...]", 1, OPTIONS_MAX_ARGUMENTS,
     "pointwise mutual information of other pairs, by a model",
     "Pairs are ids with a comma between them, or the rows of a table: --pairs FILE. The ids are those of "
     "the "
     "data that the model was trained on, or of\n"
     "--x and --y. Columns: pmi in nats; the percentile, p and q value among mismatched pairs; whether the "
     "model was trained on the pair.\n"
     "\n"
     "  mutual score receptors-v2 P01135,P00533 P01127,P09619\n"
     "  mutual score receptors-v2 --pairs candidates.tsv --x-id ligand --y-id receptor -o csv --out "
     "scores.csv",
     score_run},
    {COMMAND_THRESHOLDS, "thresholds", NULL, "MODEL", 1, 1,
     "thresholds of a model's PMI for a false positive or discovery rate, or by labelled pairs",
     "Without labels from the model's mismatched pairs and its own pairs out of fold. With --labels TABLE, "
     "pairs of ids that are labelled 1 and 0, also ROC,\n"
     "precision and recall; without any 0 the mismatched pairs of its ids count as negatives.",
     thresholds_run},
    {COMMAND_SCREEN, "screen", NULL, "MODEL|JOB", 1, 1,
     "all pairs of two data sets by a model: the best, or all above a threshold",
     "The data are those that the model was trained on, or --x and --y; pairs that it was trained on are "
     "left out "
     "unless --with-known. The job is followed, and\n"
     "its first list shown; with -o csv, or --out FILE, the whole list. With a screen's JOB in place of a "
     "model, "
     "its lists are shown again.\n"
     "\n"
     "  mutual screen receptors-v2 --top 100 --per-x 10\n"
     "  mutual screen receptors-v2 --x human.h5 --x-ids secreted.txt --above-fdr 0.1 -o csv --out pairs.csv\n"
     "  mutual screen JOB --list x --id P01135",
     screen_run},
    {COMMAND_DATASETS_LS, "datasets", "ls", "", 0, 0, "list data sets", NULL, datasets_list},
    {COMMAND_DATASETS_GET, "datasets", "get", "NAME", 1, 1, "describe a data set", NULL, datasets_get},
    {COMMAND_DATASETS_PUT, "datasets", "put", "NAME FILE", 2, 2, "upload a file under a name",
     "npy, npz, csv or tsv (also gzipped), safetensors or HDF5; with --kind pairs a csv or tsv whose columns "
     "are ids "
     "(and labels) of pairs.",
     datasets_put},
    {COMMAND_DATASETS_RM, "datasets", "rm", "NAME", 1, 1, "remove a data set", NULL, datasets_remove},
    {COMMAND_INFO, "info", NULL, "", 0, 0, "the server: build, limits, objectives", NULL, info_run},
    {COMMAND_QUEUE, "queue", NULL, "", 0, 0, "the server's queue and workers", NULL, queue_run},
    {COMMAND_HELP, "help", NULL, "[COMMAND]", 0, 2, "help on a command", NULL, help_run},
};
const size_t command_count = sizeof command_table / sizeof *command_table;

const cli_command *command_find(const char *word, const char *sub)
{
    for (size_t i = 0; i < command_count; i++) {
        const cli_command *command = &command_table[i];

        if (strcmp(command->word, word) == 0 && (!sub || (command->sub && strcmp(command->sub, sub) == 0)))
            return command;
    }
    return NULL;
}

bool command_is_group(const char *word)
{
    const cli_command *command = command_find(word, NULL);

    return command && command->sub;
}
