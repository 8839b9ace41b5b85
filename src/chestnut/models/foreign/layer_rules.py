"""The layers that a network from elsewhere may have, with their settings; none of them runs code from a file."""

from __future__ import annotations

from typing import Final

_CONV = ("kernel_size", "strides", "padding", "data_format", "dilation_rate", "activation", "use_bias")
_POOL = ("pool_size", "strides", "padding", "data_format")
_GLOBAL = ("data_format", "keepdims")

#: The settings that matter of each layer, by its class. Only these are handed to Keras.
LAYERS: Final[dict[str, tuple[str, ...]]] = {
    "Activation": ("activation",),
    "Add": (),
    "Average": (),
    "AveragePooling2D": _POOL,
    "BatchNormalization": ("axis", "epsilon", "center", "scale"),
    "Concatenate": ("axis",),
    "Conv2D": (*_CONV, "filters", "groups"),
    "Conv2DTranspose": (*_CONV, "filters", "output_padding"),
    "Cropping2D": ("cropping", "data_format"),
    "Dense": ("units", "activation", "use_bias"),
    "DepthwiseConv2D": (*_CONV, "depth_multiplier"),
    "ELU": ("alpha",),
    "Flatten": ("data_format",),
    "GlobalAveragePooling2D": _GLOBAL,
    "GlobalMaxPooling2D": _GLOBAL,
    "LayerNormalization": ("axis", "epsilon", "center", "scale"),
    "LeakyReLU": ("negative_slope",),
    "MaxPooling2D": _POOL,
    "Maximum": (),
    "Minimum": (),
    "Multiply": (),
    "Normalization": ("axis", "mean", "variance", "invert"),
    "PReLU": ("shared_axes",),
    "ReLU": ("max_value", "negative_slope", "threshold"),
    "Rescaling": ("scale", "offset"),
    "Reshape": ("target_shape",),
    "SeparableConv2D": (*_CONV, "filters", "depth_multiplier"),
    "Softmax": ("axis",),
    "Subtract": (),
    "UpSampling2D": ("size", "data_format", "interpolation"),
    "ZeroPadding2D": ("padding", "data_format"),
}

#: The layers that do nothing when a network predicts: each becomes a `Dropout`, which is left out of the result.
TRAINING_ONLY: Final = frozenset(
    {
        *("ActivityRegularization", "AlphaDropout", "Dropout", "FixedDropout", "GaussianDropout", "GaussianNoise"),
        *("RandomBrightness", "RandomContrast", "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom"),
        "SpatialDropout2D",
    }
)

#: Other names of layers.
ALIASES: Final = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "Convolution2D": "Conv2D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "MaxPool2D": "MaxPooling2D",
}

#: The activations, by their names in a file. `hard_sigmoid` is not among them: Keras 2 and 3 mean two functions.
ACTIVATIONS: Final = {
    **{name: name for name in ("elu", "exponential", "gelu", "linear", "mish", "relu", "relu6", "selu", "sigmoid")},
    **{name: name for name in ("silu", "softmax", "softplus", "softsign", "tanh")},
    "swish": "silu",
}

#: Settings that decide how a network is trained or drawn, and nothing when it predicts.
WITHOUT_EFFECT: Final = frozenset(
    {
        *("name", "trainable", "dtype", "batch_input_shape", "batch_shape", "input_shape", "input_dim", "input_dtype"),
        *("kernel_initializer", "bias_initializer", "depthwise_initializer", "pointwise_initializer"),
        *("kernel_regularizer", "bias_regularizer", "depthwise_regularizer", "pointwise_regularizer"),
        *("kernel_constraint", "bias_constraint", "depthwise_constraint", "pointwise_constraint"),
        *("alpha_initializer", "alpha_regularizer", "alpha_constraint", "activity_regularizer"),
        *("beta_initializer", "gamma_initializer", "moving_mean_initializer", "moving_variance_initializer"),
        *("beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint"),
        *(
            "renorm_momentum",
            "renorm_clipping",
            "renorm_axes",
            "moving_mean_regularizer",
            "moving_variance_regularizer",
        ),
        *("momentum", "fused", "ragged", "sparse", "optional", "seed", "input_spec", "synchronized", "autocast"),
    }
)

#: Settings that layers have in some versions of Keras, and the only value of each that is accepted.
NEUTRAL: Final = {
    "groups": 1,
    "output_padding": None,
    "rms_scaling": False,
    "renorm": False,
    "virtual_batch_size": None,
    "adjustment": None,
    "lora_rank": None,
    "lora_alpha": None,
    "quantization_config": None,
    "padding_mode": None,
    "filters": None,
}

#: The numbers of outputs of a layer: each is the length of one of its stored arrays.
WIDTHS: Final = ("units", "filters")
