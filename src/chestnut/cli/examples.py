"""Examples that end the help of each command; they can be pasted and changed."""

EXAMPLES = {
    "demo": ("chestnut demo", "chestnut demo --out trial --patients 100"),
    "plan": (
        "chestnut plan --sensitivity 0.9 --width 0.1 --prevalence 0.3",
        "chestnut plan --auroc 0.95 --images-per-patient 2 --icc 0.5",
    ),
    "phantom": ("chestnut phantom images --patients 300 --size 96",),
    "fetch": ("chestnut fetch pneumoniamnist data",),
    "info": ("chestnut info images", "chestnut info --system"),
    "show": ("chestnut show images --out samples.png --each 4", "chestnut show runs/first --split test"),
    "audit": ("chestnut audit images --out checked", "chestnut audit scans.csv --column label=finding --strict"),
    "split": ("chestnut split images --fractions 0.6,0.2,0.2 --out split.csv", "chestnut split images --folds 5"),
    "augment": ("chestnut augment images more --copies 2 --only-class NORMAL",),
    "cache": ("chestnut cache", "chestnut cache --clean --older-than 30"),
    "study": ("chestnut study images/study.toml",),
    "recipes": ("chestnut recipes cnn-small > mine.toml", "chestnut recipes mobilenet-v2 --layers"),
    "train": (
        "chestnut train images --recipe cnn-gap --name first --set model.dropout=0.3",
        "chestnut train --resume runs/first",
    ),
    "finetune": ("chestnut finetune runs/mobilenet-v2-1 --unfreeze 0.5",),
    "compare": (
        "chestnut compare images --recipes mlp,cnn-small --repeats 3",
        "chestnut compare images --recipes mlp --grid optim.learning_rate=1e-3,1e-4",
    ),
    "control": ("chestnut control images --recipe cnn-small --epochs 10",),
    "crossval": ("chestnut crossval images --recipe cnn-small --folds 5",),
    "tune": ("chestnut tune images --recipe cnn-search --trials 20 --executions 1",),
    "ensemble": (
        "chestnut ensemble runs/first runs/second runs/third --name three",
        "chestnut ensemble images --recipe robust --seeds 3 --name three",
    ),
    "diagnose": ("chestnut diagnose runs/first", "chestnut diagnose --lr-range images --recipe cnn-small"),
    "runs": ("chestnut runs", "chestnut runs --wide"),
    "evaluate": ("chestnut evaluate runs/first --split test", "chestnut evaluate runs/first another-hospital"),
    "calibrate": ("chestnut calibrate runs/first",),
    "threshold": (
        "chestnut threshold runs/first --rule sensitivity=0.95",
        "chestnut threshold runs/first --rule cost=10:1 --on stress",
    ),
    "test": (
        "chestnut test runs/first runs/second",
        "chestnut test runs/small runs/large --metric auroc --margin 0.02",
    ),
    "exchange": ("chestnut exchange runs/first", "chestnut exchange runs/first --draws 5"),
    "stress": ("chestnut stress runs/first --operating-point sensitivity=0.95",),
    "predict": (
        "chestnut predict runs/first images --csv out.csv",
        "chestnut predict runs/first 'new/*.dcm' --html new.html",
    ),
    "explain": (
        "chestnut explain runs/first images/PNEUMONIA --out maps",
        "chestnut explain runs/first --check --methods gradcam,occlusion",
    ),
    "errors": ("chestnut errors runs/first", "chestnut errors runs/first --split test"),
    "activations": (
        "chestnut activations runs/first images/PNEUMONIA/one.jpeg",
        "chestnut activations runs/first one.jpeg --layers 4 --out layers.png",
    ),
    "embed": ("chestnut embed runs/first", "chestnut embed runs/first --method umap --colour class --colour source"),
    "guard": ("chestnut guard runs/first", "chestnut guard runs/first --false-alarms 0.05"),
    "import": (
        "chestnut import model.h5 --classes NORMAL,PNEUMONIA --scale 0-1",
        "chestnut import model.keras images --classes NORMAL,COVID --scale 0-255",
    ),
    "export": (
        "chestnut export runs/first --format litert",
        "chestnut export runs/first --format onnx --format onnx-int8 --to exported",
    ),
    "serve": ("chestnut serve runs/first", "chestnut serve runs/first runs/second --host 0.0.0.0 --token-file tokens"),
    "listen": (
        "chestnut listen runs/first --forward PACS@10.0.0.7:104 --allow CR1@10.0.0.8",
        "chestnut listen runs/first --port 0 --to results",
    ),
    "report": ("chestnut report runs/first --out first.html", "chestnut report runs/first --checklist claim"),
    "card": ("chestnut card runs/first", "chestnut card runs/first --out README.md"),
    "tables": ("chestnut tables runs/first", "chestnut tables runs/first --format xlsx --out paper"),
}
