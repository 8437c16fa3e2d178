# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Whether only modules that were read have a say in something: a shorter way is taken then, otherwise core's own."""


def is_known(model, methods, modules):
    """Whether all classes of a model that define one of these methods are of these modules.

    :param model: any recordset.
    :param methods: names of methods.
    :param modules: technical names of modules.
    """
    classes = model.env.registry[model._name].__mro__
    found = {
        klass._module
        for klass in classes
        if getattr(klass, "_module", None) and methods & klass.__dict__.keys()
    }
    return found <= modules
